// Conveniences; every page works without them.
"use strict";

// <button data-copy="id of the text" hidden>: shown where the browser can copy.
function offerCopying(button) {
  const label = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.innerHTML = label; }, 2000);
  });
}

if (navigator.clipboard) {
  document.querySelectorAll("[data-copy]").forEach(offerCopying);
}

// On phones the navigation is a strip: the page that is shown is in sight.
const strip = document.querySelector(".side");
const here = document.querySelector(".side [aria-current]");
if (strip && here) {
  strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.clientWidth) / 2;
}

// The menu closes on Escape and on a click beside it.
const menu = document.querySelector(".menu");
if (menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
}
