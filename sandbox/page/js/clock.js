/**
 * The sandbox's clock: what time it is there, and how to turn it ahead.
 */

import { stage } from "./api.js";
import { h, setText } from "./dom.js";
import { dayOf, exactTime, zoneName } from "./time.js";
import { world } from "./world.js";

const TURNS = [
  ["+1 min", "Turn the clock ahead one minute", 60],
  ["+1 h", "Turn the clock ahead one hour", 3600],
  ["+1 day", "Turn the clock ahead one day", 86_400],
];

class SandboxClock extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    const day = h("span", { class: "day" });
    const time = h("time", {});
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Clock");
    this.append(h("p", { class: "now" }, time, day), h("div", { class: "turns" },
      TURNS.map(([text, label, seconds]) => h("button", {
        type: "button", "aria-label": label, title: label,
        on: { click: () => world.act(() => stage.turn(seconds)) },
      }, text))));
    const tick = () => {
      setText(time, exactTime(world.now));
      setText(day, `${dayOf(world.now)} ${zoneName(world.now)}`);
      time.setAttribute("datetime", world.now.toISOString());
    };
    world.addEventListener("harbor", tick);
    setInterval(tick, 250);
  }
}

customElements.define("sandbox-clock", SandboxClock);
