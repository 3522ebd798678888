/**
 * The tower: its doors as they stand, the keypad if it has one, and what can be done at a door.
 *
 * Guarantees: what happened at the tower is said in words in a live region, each move of a door and of
 * what is behind it, too; a door that opens is the door that is looked at; once there is nothing left to
 * be done at a door, the door has the focus.
 */

import { codeSaid, harbor } from "./api.js";
import "./attendant.js";
import { h, icon, reconcile, setText } from "./dom.js";
import "./door.js";
import { handsets } from "./handsets.js";
import { keypad } from "./keypad.js";
import { drawTowers, nearby } from "./map.js";
import { openTowerMap } from "./maps.js";
import { setZone } from "./time.js";
import { markOf, nameOf, towerBy } from "./towers.js";
import { world } from "./world.js";

const SAID_MS = 6000;
const CLEAR_PX = 16;

class LockerTower extends HTMLElement {
  #parts;
  #current = null;
  #chosen = null;
  #open = new Set();
  /** The lockers as they stood when this tower was last shown: id → locker. */
  #before = new Map();
  #quiet;

  connectedCallback() {
    if (this.#parts) return;
    this.#parts = this.#build();
    this.#parts.front.append(this.#head(), this.#cabinet());
    this.append(this.#parts.front, this.#parts.attendant);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Tower");
    world.addEventListener("harbor", () => this.#show());
    world.addEventListener("reset", () => {
      this.#choose(null);
      this.#before.clear();
    });
    handsets.addEventListener("change", () => this.#show());
    handsets.addEventListener("arrived", ({ detail }) => this.#look(detail));
    this.addEventListener("rest", () => this.#chosenDoor?.firstElementChild.focus({ preventScroll: true }));
    document.addEventListener("tower-wanted", ({ detail }) => this.#turnTo(detail));
    document.addEventListener("door-opened", ({ detail }) => this.#showOpened(detail));
  }

  get #tower() {
    return world.towers.find((tower) => tower.id === this.#current) ?? world.towers[0];
  }

  /** Show another tower, unless somebody is busy at this one. */
  #turnTo(id) {
    if (this.#open.size === 0 && towerBy(id)) this.#look(towerBy(id).id);
  }

  async #type(digits) {
    try {
      const { name } = await harbor.keypad(this.#tower.id, digits);
      await world.refreshHarbor();
      this.#showOpened({ tower: this.#tower.id, name });
    } catch (error) {
      const words = error.code === 502 ? "No door opens to these digits" : error.message;
      this.#say(`${words}${codeSaid(error)}`, "no");
    }
  }

  #showOpened({ tower, name }) {
    document.dispatchEvent(new CustomEvent("look", { detail: "tower" }));
    this.#look(tower);
    this.#say(`Door ${name} is open`, "yes");
    this.#uncover();
    this.#parts.attendant.beckon();
  }

  /** In a low window the door may have to be scrolled to. */
  #uncover() {
    const { front } = this.#parts;
    const door = this.#chosenDoor?.getBoundingClientRect();
    const { top, bottom } = front.getBoundingClientRect();
    if (!door) return;
    front.scrollTop += Math.max(0, door.bottom + CLEAR_PX - bottom) + Math.min(0, door.top - CLEAR_PX - top);
  }

  get #chosenDoor() {
    return this.#parts.doors.querySelector(`[data-locker-id="${this.#chosen}"]`);
  }

  #say(words, mood) {
    this.#parts.attendant.say(words, mood);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#hush(), SAID_MS);
  }

  #hush() {
    this.#parts.attendant.say("", "");
  }

  #look(id) {
    if (this.#current === id) return;
    this.#current = id;
    this.#chosen = null;
    this.#open.clear();
    this.#before.clear();
    this.#show();
  }

  #choose(id) {
    this.#chosen = id;
    this.#show();
  }

  #show() {
    const tower = this.#tower;
    if (!tower) return;
    this.#current = tower.id;
    this.dataset.towerId = tower.id;
    setZone(tower.location.timezone);
    this.#listTowers();
    this.#parts.chooser.value = tower.id;
    const mark = markOf(tower);
    this.#parts.plate.replaceChildren(h("b", {}, tower.name),
      ...(mark ? [h("span", { class: "opener" }, icon(mark.symbol), mark.words)] : []));
    this.#parts.keypad.hidden = !tower.keypad;
    const here = handsets.at(tower.id).map((person) => person.first_name);
    setText(this.#parts.here, here.length ? `${here.join(" and ")} here` : "");
    setText(this.#parts.address, [tower.location.address1, tower.location.city].filter(Boolean).join(", "));
    drawTowers(this.#parts.map, nearby(world.towers, tower), tower);
    world.tower = tower;
    this.#noticeOpened(tower);
    this.#arrange(tower);
    const locker = tower.lockers.find((one) => one.id === this.#chosen);
    this.#parts.attendant.show(tower, locker);
  }

  #listTowers() {
    const cities = [...new Set(world.towers.map((tower) => tower.location.city))];
    reconcile(this.#parts.chooser, cities, (city) => city, (city) => h("optgroup", { label: city }),
      (group, city) => reconcile(group, world.towers.filter((one) => one.location.city === city),
        (one) => one.id, (one) => h("option", { value: one.id }, nameOf(one))));
  }

  #noticeOpened(tower) {
    const open = tower.lockers.filter((locker) => locker.door === "open").map((one) => one.id);
    const opened = open.find((id) => !this.#open.has(id));
    if (opened !== undefined) this.#chosen = opened;
    this.#open = new Set(open);
    const moved = tower.lockers.map((one) => moveOf(this.#before.get(one.id), one)).filter(Boolean);
    if (moved.length) this.#say(moved.join(". "), "yes");
    this.#before = new Map(tower.lockers.map((one) => [one.id, one]));
  }

  #arrange(tower) {
    const left = Math.min(...tower.lockers.map((locker) => locker.column));
    const top = Math.min(...tower.lockers.map((locker) => locker.row));
    const rows = Math.max(...tower.lockers.map((locker) => locker.row + locker.height)) - top;
    const { doors } = this.#parts;
    doors.style.setProperty("--columns", tower.columns);
    doors.style.setProperty("--rows", rows);
    const ordered = tower.lockers.toSorted((a, b) => a.column - b.column || a.row - b.row);
    reconcile(doors, ordered, (locker) => `${tower.id}/${locker.id}`,
      (locker) => h("locker-door", { on: { click: () => this.#choose(locker.id) } }), () => {});
    ordered.forEach((locker, index) =>
      doors.children[index].show(locker, { left, top, chosen: locker.id === this.#chosen }));
  }

  #build() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 132 72");
    svg.setAttribute("class", "map");
    svg.setAttribute("aria-hidden", "true");
    return {
      map: svg,
      front: h("div", { class: "tower-front" }),
      plate: h("p", { class: "plate-sign" }),
      keypad: keypad((digits) => this.#type(digits)),
      here: h("span", { class: "here", role: "status" }),
      chooser: h("select", { "aria-label": "Tower",
        on: { change: (event) => this.#look(event.target.value) } }),
      address: h("span", { class: "address" }),
      doors: h("div", { class: "doors", role: "group", "aria-label": "Doors" }),
      attendant: h("tower-attendant"),
    };
  }

  #head() {
    const { chooser, address, here, map } = this.#parts;
    const open = () => openTowerMap(world.towers, this.#tower, (id) => this.#look(id));
    return h("header", { class: "tower-head" },
      h("div", { class: "where" }, h("h2", { class: "visually-hidden" }, "Tower"), chooser,
        h("p", { class: "whereabouts" }, address, here)),
      h("button", { type: "button", class: "map-button", "aria-label": "Map of the towers",
        on: { click: open } }, map));
  }

  #cabinet() {
    const { plate, keypad: keys, doors } = this.#parts;
    return h("div", { class: "cabinet" },
      h("div", { class: "cap" }, plate, keys), doors, h("div", { class: "plinth" }));
  }
}

/** What has changed at a locker since it was seen last, in words; null for nothing that moves. */
function moveOf(before, { name, door, parcel }) {
  if (!before) return null;
  if (before.door !== door) return `Door ${name} is ${door}`;
  if (Boolean(before.parcel) === Boolean(parcel)) return null;
  return `The parcel is ${parcel ? "in" : "out of"} locker ${name}`;
}

customElements.define("locker-tower", LockerTower);
