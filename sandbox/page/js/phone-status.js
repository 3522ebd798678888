/**
 * The line at the top of a phone: its kind, its Bluetooth, where it is, and the door app's icon.
 */

import { h, icon, reconcile } from "./dom.js";
import { KINDS, handsets } from "./handsets.js";
import { nameOf } from "./towers.js";
import { world } from "./world.js";

const AWAY = "";

class PhoneStatus extends HTMLElement {
  #person;
  #parts;

  connectedCallback() {
    if (this.#parts) return;
    this.#person = Number(this.dataset.personId);
    this.#parts = this.#build();
    const { kind, bluetooth, place, app } = this.#parts;
    this.append(kind, place, bluetooth, app);
    handsets.addEventListener("change", ({ detail }) => detail === this.#person && this.#show());
    world.addEventListener("harbor", () => this.#show());
    this.#show();
  }

  #build() {
    const change = (patch) => handsets.change(this.#person, patch);
    return {
      kind: h("select", { class: "kind", "aria-label": "Kind of phone",
        on: { change: ({ target }) => change({ kind: target.value }) } },
      KINDS.map(([value, name]) => h("option", { value }, name))),
      place: h("select", { class: "whereto", "aria-label": "Where this phone is",
        on: { change: ({ target }) => change({ at: target.value || null }) } }),
      bluetooth: h("button", { type: "button", class: "icon-button", "aria-label": "Bluetooth",
        on: { click: () => change({ bluetooth: !handsets.of(this.#person).bluetooth }) } }, icon("bluetooth")),
      app: h("button", { type: "button", class: "icon-button door-app-icon", title: "Door app",
        on: { click: () => this.dispatchEvent(new CustomEvent("door-app", { bubbles: true })) } },
      icon("key"), h("span", { class: "badge", "aria-hidden": "true" })),
    };
  }

  #show() {
    const { kind, bluetooth, place, app } = this.#parts;
    const phone = handsets.of(this.#person);
    kind.value = phone.kind;
    const places = [{ id: AWAY, name: "Away" }, ...world.towers.map((tower) =>
      ({ id: tower.id, name: nameOf(tower) }))];
    reconcile(place, places, ({ id }) => id, ({ id, name }) => h("option", { value: id }, name));
    place.value = phone.at ?? AWAY;
    place.title = place.selectedOptions[0]?.textContent ?? "";
    this.classList.toggle("near", phone.at !== null);
    bluetooth.setAttribute("aria-pressed", String(phone.bluetooth));
    bluetooth.title = phone.bluetooth ? "Bluetooth is on" : "Bluetooth is off";
    const { length } = phone.tokens;
    app.lastElementChild.hidden = length === 0;
    app.lastElementChild.textContent = String(length);
    app.setAttribute("aria-label", length ? `Door app, ${length} kept` : "Door app");
  }
}

customElements.define("phone-status", PhoneStatus);
