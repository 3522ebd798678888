/**
 * What a person can do at the tower: with the door they look at, with a phone that syncs it, and
 * what Harbor's console could do from afar.
 *
 * Event (bubbling): `rest`, when nothing is left to be done at the door by what had the focus.
 */

import { harbor } from "./api.js";
import { h, icon, reconcile, setText } from "./dom.js";
import { doorInWords } from "./door.js";
import { popMenu } from "./menu.js";
import { world } from "./world.js";

/** The label of a parcel put in on this page: strangers' parcels have others. */
export const PARCEL = "a parcel put in on the page";

/** What can be done at a door, when, and under which name; the likeliest first. */
const DEEDS = [
  { name: "Put the parcel in", symbol: "parcel", when: (it) => it.door === "open" && !it.parcel,
    act: (tower, it) => harbor.putIn(tower.id, it.id, PARCEL) },
  { name: "Take the parcel out", symbol: "parcel", when: (it) => it.door === "open" && it.parcel,
    act: (tower, it) => harbor.takeOut(tower.id, it.id) },
  { name: "Close the door", symbol: "door", when: (it) => it.door === "open",
    act: (tower, it) => harbor.close(tower.id, it.id) },
];

const STATUSES = ["available", "reserved", "rented", "occupied", "declined", "out of service"];
const NOTES = {
  declined: "Released: the tower learns of it, and the door is free, at the next sync.",
};
const HELP = "A phone opens a door from its chat. Choose a door to look at it.";

const inWords = (locker) =>
  [doorInWords(locker), NOTES[locker.status]].filter(Boolean).join(". ");

/** Before Harbor has heard of an opening, a parcel can only be the one just put in. */
const justFilled = (locker) => locker.parcel && locker.status === "rented";

class TowerAttendant extends HTMLElement {
  #parts;
  #tower;
  #locker;
  /** The locker whose parcel somebody has just put in or taken out: its door wants closing. */
  #settled = null;

  connectedCallback() {
    if (this.#parts) return;
    this.#parts = this.#build();
    const { said, title, words, deeds, sync, more } = this.#parts;
    this.append(said, h("div", { class: "at-door" },
      h("div", { class: "door-words" }, title, words), sync, more), deeds);
  }

  /** Show `locker` of `tower`, or how to begin when none is looked at. */
  show(tower, locker) {
    [this.#tower, this.#locker] = [tower, locker];
    const { title, words, deeds, sync, more } = this.#parts;
    setText(title, locker ? `Door ${locker.name}` : "At the tower");
    setText(words, locker ? inWords(locker) : HELP);
    if (locker?.door !== "open") this.#settled = null;
    const possible = locker ? DEEDS.filter((deed) => deed.when(locker)) : [];
    if (locker && (locker.id === this.#settled || justFilled(locker))) possible.reverse();
    const focused = deeds.contains(document.activeElement);
    reconcile(deeds, possible, (deed) => deed.name, (deed) => h("button", {
      type: "button", class: "primary", on: { click: () => this.#do(deed) },
    }, icon(deed.symbol), deed.name));
    if (focused && !deeds.contains(document.activeElement)) {
      if (possible.length) deeds.firstElementChild.focus();
      else this.dispatchEvent(new CustomEvent("rest", { bubbles: true }));
    }
    setText(sync.lastElementChild, tower.unsynced ? `Sync (${tower.unsynced})` : "Sync");
    const told = tower.lockers.every((one) => one.status !== "declined");
    sync.classList.toggle("waiting", tower.unsynced > 0 || !told);
    more.hidden = !locker;
  }

  /** Say what happened at the tower; `mood` is "yes" or "no". */
  say(words, mood) {
    setText(this.#parts.said, words);
    this.#parts.said.dataset.mood = mood;
  }

  /** Move the focus to the first thing that can be done at the door. */
  beckon() {
    this.#parts.deeds.firstElementChild?.focus({ preventScroll: true });
  }

  async #do(deed) {
    const [tower, locker] = [this.#tower, this.#locker];
    if (await world.act(() => deed.act(tower, locker))) this.#settled = locker.id;
    await world.refreshHarbor();
  }

  /** Harbor's console can say anything of a locker, whatever is so at the tower. */
  #console() {
    return STATUSES.map((status) => ({
      label: `Console: ${status}`,
      act: () => world.act(() => harbor.setStatus(this.#tower.id, this.#locker.id, status)),
    }));
  }

  #build() {
    const syncNow = () => world.act(() => harbor.sync(this.#tower.id));
    return {
      said: h("p", { class: "said", role: "status", "aria-live": "polite" }),
      title: h("h3", {}),
      words: h("p", {}),
      deeds: h("div", { class: "deeds" }),
      sync: h("button", { type: "button", class: "small", on: { click: syncNow },
        title: "A phone passes by and syncs the tower with Harbor" }, icon("sync"), h("span", {}, "Sync")),
      more: popMenu({ label: "Harbor’s console", symbol: "more", items: () => this.#console() }),
    };
  }

}

customElements.define("tower-attendant", TowerAttendant);
