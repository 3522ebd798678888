/**
 * The phones as things: of which kind, with Bluetooth on or off, and at which tower, if at any.
 *
 * Guarantees: the kind is remembered by the browser; everything else begins anew with the page and
 * with "Start again". Events: `change` (detail: person id); `arrived` (detail: tower id).
 */

import { world } from "./world.js";

const KEPT_AS = "lockerbot-sandbox-phones";

export const KINDS = [["iphone", "iPhone"], ["android", "Android"]];

/** Of two people who come on stage together, one has each kind. */
const firstKind = (id) => KINDS[id % 2 ? 0 : 1][0];

function keptKinds() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS)) ?? {};
  } catch {
    return {};
  }
}

class Handsets extends EventTarget {
  #all = new Map();
  #kinds = keptKinds();

  constructor() {
    super();
    world.addEventListener("reset", () => this.#forget());
  }

  /** `{kind, bluetooth, at: tower id or null, installed: whether Locker Open is, tokens: those
   * that the door app keeps, copied: what a button of the bot copied last}`. */
  of(id) {
    if (!this.#all.has(id)) this.#all.set(id, this.#fresh(id));
    return this.#all.get(id);
  }

  change(id, patch) {
    this.#all.set(id, { ...this.of(id), ...patch });
    if (patch.kind) {
      this.#kinds = { ...this.#kinds, [id]: patch.kind };
      localStorage.setItem(KEPT_AS, JSON.stringify(this.#kinds));
    }
    this.#tell("change", id);
    if (patch.at) this.#tell("arrived", patch.at);
  }

  /** The people whose phones are at a tower. */
  at(tower) {
    return world.people.filter((person) => this.of(person.id).at === tower);
  }

  #fresh(id) {
    return { kind: this.#kinds[id] ?? firstKind(id), bluetooth: true, at: null, installed: false, tokens: [],
      copied: "" };
  }

  #forget() {
    const ids = [...this.#all.keys()];
    this.#all.clear();
    ids.forEach((id) => this.#tell("change", id));
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export const handsets = new Handsets();
