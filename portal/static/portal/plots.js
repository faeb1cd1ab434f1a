// Plots tell the day under the pointer, the finger or the arrow keys. What they tell stands in the table behind them.
"use strict";

// Each day of the table: its name, and lines such as ["Logged in", "12"], without what is nothing.
function daysOf(figure) {
  const heads = [...figure.querySelectorAll(".behind thead th")].slice(1).map((head) => head.textContent);
  return [...figure.querySelectorAll(".behind tbody tr")].reverse().map((row) => ({
    name: row.querySelector("th").textContent,
    lines: [...row.querySelectorAll("td")].map((cell, place) => [heads[place], cell.textContent])
      .filter(([head, value], place, all) => value !== "0" || place === all.length - 1),
  }));
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function tellDays(drawing) {
  const days = daysOf(drawing.closest("figure"));
  const probe = element("div", "probe");
  const mark = element("div", "mark");
  const tip = element("div", "tip");
  tip.setAttribute("aria-hidden", "true");  // the probe says the same
  let chosen = days.length - 1;

  function describe(place) {
    const { name, lines } = days[place];
    chosen = place;
    probe.setAttribute("aria-valuenow", place + 1);
    probe.setAttribute("aria-valuetext", `${name}: ${lines.map(([head, value]) => `${head} ${value}`).join(", ")}`);
    tip.replaceChildren(element("strong", "", place === days.length - 1 ? `${name}, so far` : name),
      ...lines.map(([head, value]) => {
        const line = element("span", "", `${head} `);
        line.append(element("b", "", value));
        return line;
      }));
  }

  function show(place) {
    describe(Math.min(Math.max(place, 0), days.length - 1));
    const right = chosen >= days.length / 2;
    mark.style.left = `${(100 * chosen) / days.length}%`;
    mark.style.width = `${100 / days.length}%`;
    tip.style.left = right ? "auto" : `${(100 * (chosen + 1)) / days.length}%`;
    tip.style.right = right ? `${100 - (100 * chosen) / days.length}%` : "auto";
    probe.classList.add("telling");
  }

  const hide = () => probe.classList.remove("telling");
  const under = (event) => {
    const box = probe.getBoundingClientRect();
    show(Math.floor(((event.clientX - box.left) / box.width) * days.length));
  };
  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7, Home: -Infinity, End: Infinity };

  probe.tabIndex = 0;
  for (const [name, value] of Object.entries({
    role: "slider", "aria-label": `${drawing.dataset.plot}, day by day`, "aria-valuemin": 1, "aria-valuemax": days.length,
  })) {
    probe.setAttribute(name, value);
  }
  describe(chosen);
  probe.addEventListener("pointermove", under);
  probe.addEventListener("pointerdown", under);
  probe.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !probe.matches(":focus-visible") && hide());
  probe.addEventListener("focus", () => probe.matches(":focus-visible") && show(chosen));
  probe.addEventListener("blur", hide);
  probe.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hide();
    } else if (event.key in STEPS) {
      event.preventDefault();
      show(chosen + STEPS[event.key]);
    }
  });
  probe.append(mark, tip);
  drawing.append(probe);
}

document.querySelectorAll("[data-plot]").forEach(tellDays);
