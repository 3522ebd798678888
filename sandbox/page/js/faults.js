/**
 * What can go wrong, as switches by name: faults of both sides, the late sync, Telegram's limits.
 */

import { harbor, telegram } from "./api.js";
import { h, reconcile } from "./dom.js";
import { world } from "./world.js";

const words = (name) => name.replaceAll("_", " ").replaceAll("-", " ");

function toggle(label, note, change) {
  const input = h("input", { type: "checkbox", role: "switch",
    on: { change: (event) => change(event.target.checked) } });
  const row = h("label", { class: "switch" }, input,
    h("span", {}, h("b", {}, label), note ? h("small", {}, note) : null));
  row.set = (on) => { input.checked = on; };
  return row;
}

class FaultPanel extends HTMLElement {
  #lists;
  #late;
  #limits;
  #on = { harbor: [], telegram: [] };

  connectedCallback() {
    if (this.#lists) return;
    this.#late = toggle("late sync", "Openings reach Harbor only when a phone syncs the tower",
      (on) => world.act(() => harbor.setAutomaticSync(!on)));
    this.#limits = toggle("flood limits", "Telegram refuses more than about one message a second per chat",
      (on) => world.act(() => telegram.setLimits(on)));
    this.#lists = { harbor: h("div", {}), telegram: h("div", {}) };
    this.append(
      h("section", {}, h("h3", {}, "Harbor and the tower"), this.#late, this.#lists.harbor),
      h("section", {}, h("h3", {}, "Telegram"), this.#limits, this.#lists.telegram));
    const loadAll = () => {
      this.#load("harbor", harbor, true);
      this.#load("telegram", telegram, true);
    };
    new ResizeObserver(loadAll).observe(this);
    world.addEventListener("reset", loadAll);
    world.addEventListener("harbor", () => this.#showHarbor());
    world.addEventListener("people", () => this.#showTelegram());
  }

  #showHarbor() {
    this.#late.set(!world.harbor.automatic_sync);
    this.#load("harbor", harbor);
  }

  #showTelegram() {
    this.#limits.set(world.telegram.limits);
    this.#load("telegram", telegram);
  }

  /** Asked anew at each change only while somebody looks. */
  async #load(name, side, anyway = false) {
    if (!anyway && !this.checkVisibility()) return;
    const faults = await side.faults().catch(() => null);
    if (!faults) return;
    this.#on[name] = faults.on;
    reconcile(this.#lists[name], faults.known, (fault) => fault.name,
      (fault) => toggle(words(fault.name), fault.description, (on) => this.#switch(name, side, fault, on)),
      (row, fault) => row.set(faults.on.some((one) => one.name === fault.name)));
    const count = this.#on.harbor.length + this.#on.telegram.length;
    this.dispatchEvent(new CustomEvent("count", { bubbles: true, detail: count }));
  }

  async #switch(name, side, fault, on) {
    const others = this.#on[name].filter((one) => one.name !== fault.name);
    const wanted = { name: fault.name, call: "*", times: null, ...fault.parameters };
    await world.act(() => side.setFaults(on ? [...others, wanted] : others));
    await this.#load(name, side);
  }
}

customElements.define("fault-panel", FaultPanel);
