{% load static %}// Shows a page that says so where the server cannot be reached. It keeps nothing else.
"use strict";

const OFFLINE = "{% url 'portal:offline' %}";
const KEPT = [OFFLINE, "{% static 'portal/portal.css' %}", "{% static 'portal/logo.svg' %}"];
const CACHE = KEPT.join(" ");  // another stylesheet is another cache

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(
    names.filter((name) => name !== CACHE).map((name) => caches.delete(name)),
  )));
});

self.addEventListener("fetch", (event) => {
  const { mode, url } = event.request;
  if (mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE)));
  } else if (KEPT.includes(new URL(url).pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
  }
});
