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

// Cells that end in an ellipsis say the whole on hover.
document.addEventListener("pointerover", (event) => {
  const cell = event.target.closest("td, tbody th");
  if (cell && !event.target.closest("[title]") && cell.scrollWidth > cell.clientWidth) {
    cell.title = cell.textContent.trim().replace(/\s+/g, " ");
  }
});

// Times: "2 min ago" stays true, and the exact ones are in UTC or the reader's own zone, as chosen in the menu.
const ZONE_KEPT = "traitly.zone";
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];

function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  const [unit, name] = UNITS.find(([length]) => seconds >= length) || [];
  return unit ? `${Math.floor(seconds / unit)} ${name} ago` : "just now";
}

function showTimes() {
  const local = localStorage.getItem(ZONE_KEPT) === "local";
  const format = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "medium", timeStyle: "medium", timeZone: local ? undefined : "UTC",
  });
  const zone = local ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";
  document.querySelectorAll("time[data-time]").forEach((element) => {
    const moment = new Date(element.dateTime);
    element.title = `${format.format(moment)} ${zone}`;
    if (element.dataset.time === "exact") {
      element.textContent = element.title;
    } else if (element.textContent.endsWith("ago") || element.textContent === "just now") {
      element.textContent = ago(moment);
    }
  });
}

const zoneButton = document.querySelector("[data-zone]");
if (zoneButton) {
  const name = () => {
    zoneButton.textContent = localStorage.getItem(ZONE_KEPT) === "local" ? "Times in UTC" : "Times in my time zone";
  };
  zoneButton.hidden = false;
  name();
  zoneButton.addEventListener("click", () => {
    localStorage.setItem(ZONE_KEPT, localStorage.getItem(ZONE_KEPT) === "local" ? "utc" : "local");
    name();
    showTimes();
  });
}
showTimes();
setInterval(showTimes, 15000);
document.addEventListener("htmx:afterSwap", showTimes);

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

// Says so while what renews itself gets no answer, and where a page cannot be reached at all.
const trouble = document.getElementById("trouble");
if (trouble) {
  document.addEventListener("htmx:afterRequest", (event) => { trouble.hidden = event.detail.successful; });
}
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});  // refused in private windows
