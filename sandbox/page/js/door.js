/**
 * One door of the tower: number, size and state in words and colour; swings open, shows its parcel.
 */

import { h, icon, s, setText } from "./dom.js";

/** Harbor's words as a class name: "out of service" → "out-of-service". */
const slug = (status) => status.toLowerCase().replace(/[^a-z]+/g, "-");

/** "small, low, available, closed, empty": everything the drawing says. */
export function doorInWords(locker) {
  return [
    locker.type, locker.isLowLocker ? "low" : null, locker.status,
    locker.door, locker.parcel ? "parcel inside" : null,
  ].filter(Boolean).join(", ");
}

const parcel = () => s("svg", { class: "parcel", viewBox: "0 0 64 48", "aria-hidden": "true" },
  s("path", { d: "M4 14 32 4l28 10v26L32 46 4 40Z", class: "parcel-left" }),
  s("path", { d: "M32 22 60 14v26L32 46Z", class: "parcel-right" }),
  s("path", { d: "M4 14 32 4l28 10-28 8Z", class: "parcel-top" }),
  s("path", { d: "m15 10 28 9v9l-5 1.4V21L11 11.5Z", class: "parcel-tape" }));

class LockerDoor extends HTMLElement {
  #parts;
  #button;

  connectedCallback() {
    if (this.#button) return;
    this.#parts = {
      number: h("span", { class: "number" }),
      size: h("span", { class: "size" }),
      state: h("span", { class: "state" }),
      low: h("span", { class: "low" }, icon("low"), "low"),
    };
    const { number, size, state, low } = this.#parts;
    this.#button = h("button", { type: "button" },
      h("span", { class: "inside" }, parcel()),
      h("span", { class: "front" }, h("span", { class: "plate" }, number, low),
        h("span", { class: "label" }, size, state), h("span", { class: "handle" })));
    this.append(this.#button);
  }

  /** Show the locker where it is in the tower; `top` and `left` are the first row and column. */
  show(locker, { left, top, chosen }) {
    this.dataset.lockerId = locker.id;
    this.dataset.name = locker.name;
    this.dataset.status = slug(locker.status);
    this.dataset.door = locker.door;
    this.dataset.parcel = locker.parcel ? "in" : "none";
    this.style.gridColumn = String(locker.column - left + 1);
    this.style.gridRow = `${locker.row - top + 1} / span ${locker.height}`;
    this.classList.toggle("short", locker.height < 2);
    setText(this.#parts.number, locker.name);
    setText(this.#parts.size, locker.type);
    setText(this.#parts.state, locker.status);
    this.#parts.low.hidden = !locker.isLowLocker;
    this.#button.setAttribute("aria-label", `Door ${locker.name}: ${doorInWords(locker)}`);
    this.#button.setAttribute("aria-pressed", String(chosen));
  }
}

customElements.define("locker-door", LockerDoor);
