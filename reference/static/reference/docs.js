// Conveniences; every page reads without them.
"use strict";

const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The contents are open where there is room for them beside the text.
const contents = document.getElementById("contents");
const wide = matchMedia("(min-width: 62rem)");
const fitContents = () => { contents.open = wide.matches; };
fitContents();
wide.addEventListener("change", fitContents);
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && !wide.matches) {
    contents.open = false;
  }
});

// The language of all commands.
function markTabs() {
  for (const tab of all("[data-tab]")) {
    tab.toggleAttribute("aria-current", tab.dataset.tab === root.dataset.language);
  }
}
markTabs();
document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tab]");
  if (!tab) {
    return;
  }
  event.preventDefault();
  const before = tab.getBoundingClientRect().top;
  root.dataset.language = tab.dataset.tab;
  localStorage.setItem("docs-language", tab.dataset.tab);
  markTabs();
  scrollBy(0, tab.getBoundingClientRect().top - before);
});

// Light and dark.
const themeButton = document.querySelector("[data-theme-button]");
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("docs-theme", root.dataset.theme);
});

// Copy buttons: those of the cards, and one for each block in the text.
function offerCopying(button, text) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
if (navigator.clipboard) {
  for (const button of all("[data-copy]")) {
    const card = button.closest(".card");
    offerCopying(button, () => all("pre", card).find((pre) => pre.offsetParent).textContent);
  }
  for (const block of all(".prose .code")) {
    const button = Object.assign(document.createElement("button"), { className: "copy", type: "button", textContent: "Copy" });
    block.append(button);
    offerCopying(button, () => block.querySelector("pre").textContent);
  }
}

// The section that is read is marked in the contents.
const links = new Map(all("#contents a[href^='#']").map((link) => [link.hash.slice(1), link]));
const seen = new Set();
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    seen[entry.isIntersecting ? "add" : "delete"](entry.target.id);
  }
  const first = all("article section[id]").find((section) => seen.has(section.id));
  links.forEach((link, id) => link.classList.toggle("here", id === first?.id));
}, { rootMargin: "-130px 0px -50% 0px" });
all("article section[id]").forEach((section) => observer.observe(section));

// Search while one types. "/" goes there, the arrows through what was found.
const box = document.getElementById("found-box");
const input = document.getElementById("q");
let asked = 0;
async function look() {
  const number = ++asked;
  const text = input.value.trim();
  if (!text) {
    box.hidden = true;
    return;
  }
  const response = await fetch(`${input.dataset.search}?part&q=${encodeURIComponent(text)}`);
  if (response.ok && number === asked) {
    box.innerHTML = await response.text(); // made and escaped by the server
    box.hidden = false;
  }
}
let waiting;
input.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 120);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".search") || event.target.closest("#found-box a")) {
    box.hidden = true;
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    input.focus();
  } else if (event.key === "Escape") {
    box.hidden = true;
  } else if (event.target.closest(".search") && !box.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const stops = [input, ...all("a", box)];
    const step = event.key === "ArrowDown" ? 1 : stops.length - 1;
    stops[(stops.indexOf(document.activeElement) + step) % stops.length].focus();
  }
});

// "Try it": the request as it stands in the form, with the key that the commands show or the one that was typed.
const keyOfPage = document.querySelector("article")?.dataset.key;
for (const place of all(".try")) {
  place.hidden = false;
  place.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });
}
async function send(form) {
  const key = form.elements.key ? form.elements.key.value.trim() : keyOfPage;
  const options = { method: form.dataset.method, headers: { Authorization: `Token ${key}` }, credentials: "omit" };
  if (form.elements.body) {
    options.headers["Content-Type"] = "application/json";
    options.body = form.elements.body.value;
  }
  const [result, status, took] = [".result", ".result .status", ".took"].map((part) => form.querySelector(part));
  const begin = performance.now();
  let text;
  try {
    const response = await fetch(new URL(form.elements.path.value, location.origin), options);
    text = await response.text();
    status.textContent = response.status;
    status.className = `status ${response.ok ? "good" : "bad"}`;
    took.textContent = `${Math.round(performance.now() - begin)} ms`;
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    text ??= String(error);
  }
  result.querySelector("pre").textContent = text;
  result.hidden = false;
}
