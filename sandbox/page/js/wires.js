/**
 * What went over the wires, both ways: newest first, one line each, opened for the bodies.
 *
 * Guarantees: at most LINES lines in the page, and none are drawn while nobody looks; a body is
 * formatted only when somebody opens it.
 */

import { harbor, telegram } from "./api.js";
import { h, reconcile, setText } from "./dom.js";
import { exactTime } from "./time.js";
import { world } from "./world.js";

const LINES = 100;
const KEPT = 1000;
const NAMES = { harbor: "Harbor", telegram: "Telegram" };

/** Calls that only ask whether there is news; hidden unless wanted. */
const POLLING = /\/getUpdates\b|assigned-lockers|\/token$/;

function pretty(body) {
  if (body === null || body === undefined || body === "") return null;
  if (typeof body !== "string") return JSON.stringify(body, null, 2);
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function bodies({ request, response }) {
  return [["Asked", request], ["Answered", response]].map(([title, body]) => {
    const text = pretty(body);
    return h("section", {}, h("h4", {}, title),
      text === null ? h("p", { class: "quiet" }, "nothing") : h("pre", { tabindex: "0" }, text));
  });
}

class WirePanel extends HTMLElement {
  #entries = new Map();
  #list;
  #empty;
  #sides = { harbor: true, telegram: true };
  #polling = false;
  #drawing = false;

  connectedCallback() {
    if (this.#list) return;
    this.#list = h("ol", { class: "wire-list" });
    this.#empty = h("p", { class: "quiet" }, "Nothing yet: press Start in a phone.");
    this.append(this.#filters(), this.#empty, this.#list);
    new ResizeObserver(() => this.#draw()).observe(this);
    world.addEventListener("wire", ({ detail }) => this.#add(detail.side, detail.entry));
    world.addEventListener("connection", () => this.#load());
    world.addEventListener("reset", () => this.#load());
  }

  async #load() {
    for (const [side, control] of [["harbor", harbor], ["telegram", telegram]]) {
      if (!world.online[side]) continue;
      const entries = await control.wire().catch(() => null);
      if (!entries) continue;
      for (const key of this.#entries.keys()) if (key.startsWith(side)) this.#entries.delete(key);
      for (const entry of entries) this.#add(side, entry);
    }
    this.#draw();
  }

  #add(side, entry) {
    this.#entries.set(`${side}-${entry.n}`, { ...entry, side });
    this.#draw();
  }

  /** Many entries in one frame are one drawing. */
  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#redraw();
    });
  }

  #redraw() {
    if (!this.checkVisibility()) return;
    const all = [...this.#entries.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.n - a.n));
    for (const old of all.slice(KEPT)) this.#entries.delete(`${old.side}-${old.n}`);
    const shown = all.filter((entry) => this.#sides[entry.side]
      && (this.#polling || !POLLING.test(entry.path.split("?")[0]))).slice(0, LINES);
    this.#empty.hidden = shown.length > 0;
    reconcile(this.#list, shown, (entry) => `${entry.side}-${entry.n}`, (entry) => this.#line(entry));
  }

  #line(entry) {
    const failed = entry.status === null || entry.status >= 400;
    const details = h("details", {}, h("summary", {},
      h("span", { class: `side ${entry.side}` }, NAMES[entry.side]),
      h("span", { class: "way", title: entry.direction === "in" ? "asked by the bot" : "pushed to the bot" },
        entry.direction === "in" ? "←" : "→"),
      h("span", { class: "call" }, h("b", {}, entry.method), " ", shortPath(entry.path)),
      h("span", { class: failed ? "status failed" : "status" }, String(entry.status ?? "none")),
      h("span", { class: "when" }, `${exactTime(new Date(entry.at))} · ${Math.round(entry.milliseconds)} ms`)));
    details.addEventListener("toggle", () => details.append(...bodies(entry)), { once: true });
    return h("li", {}, details);
  }

  #filters() {
    const box = (label, checked, change) => h("label", { class: "check" },
      h("input", { type: "checkbox", checked, on: { change: (event) => {
        change(event.target.checked);
        this.#draw();
      } } }), label);
    return h("div", { class: "row filters" },
      box("Harbor", true, (on) => { this.#sides.harbor = on; }),
      box("Telegram", true, (on) => { this.#sides.telegram = on; }),
      box("Polling", false, (on) => { this.#polling = on; }));
  }
}

/** The part of a path that tells calls apart. */
function shortPath(path) {
  return path.replace(/^\/(bot[^/]*\/|api\/v1\/)?/, "");
}

customElements.define("wire-panel", WirePanel);
