/**
 * Three steps that lead a newcomer through the first parcel; moves on with what happens.
 *
 * Guarantees: never goes back, can be dismissed for good, and begins anew with "Start again".
 */

import { PARCEL } from "./attendant.js";
import { h, iconButton, setText } from "./dom.js";
import { codeOf } from "./links.js";
import { world } from "./world.js";

const KEPT_AS = "lockerbot-sandbox-hint";
const DONE = 3;

const STEPS = [
  { title: "Book a locker", pane: "sender",
    words: "In Anna’s phone press Start and follow the bot until it shows a drop-off code." },
  { title: "Drop it off", pane: "tower",
    words: "Hold the code to the tower (or drag it there), put the parcel in, close the door." },
  { title: "Collect it", pane: "recipient",
    words: "Open the claim link in Ben’s phone, get the pick-up code, take the parcel out." },
];

const stored = () => Object.values(world.harbor?.towers ?? [])
  .flatMap((tower) => tower.lockers).filter((locker) => locker.parcel === PARCEL);

class FirstParcelHint extends HTMLElement {
  #step = 0;
  #seenParcel = false;
  #items;

  connectedCallback() {
    if (this.#items) return;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Your first parcel");
    this.#items = STEPS.map((step, index) => this.#item(step, index));
    this.append(h("ol", {}, this.#items), h("p", { class: "done", role: "status" }),
      iconButton("close", "Dismiss the hint", () => this.#dismiss()));
    this.hidden = localStorage.getItem(KEPT_AS) === "dismissed";
    world.addEventListener("chat", () => this.#notice());
    world.addEventListener("harbor", () => this.#notice());
    world.addEventListener("reset", () => this.#begin());
    this.#draw();
  }

  #item({ title, words, pane }, index) {
    const show = () => document.dispatchEvent(new CustomEvent("look", { detail: pane }));
    return h("li", {}, h("span", { class: "step-number" }, String(index + 1)),
      h("div", {}, h("button", { type: "button", class: "step", on: { click: show } }, title),
        h("p", {}, words)));
  }

  /** Each step is done when its fact can be seen, whoever brought it about. */
  #notice() {
    const facts = [this.#codeSeen(), this.#parcelStored(), this.#parcelTaken()];
    const before = this.#step;
    while (this.#step < DONE && facts[this.#step]) this.#step += 1;
    if (this.#step !== before) this.#draw();
  }

  #codeSeen() {
    const chats = [...world.chats.values()];
    return this.#parcelStored() || chats.some((chat) => chat.messages.some(codeOf));
  }

  #parcelStored() {
    const closed = stored().some((locker) => locker.door === "closed");
    this.#seenParcel ||= closed;
    return this.#seenParcel;
  }

  #parcelTaken() {
    return this.#seenParcel && stored().length === 0;
  }

  #draw() {
    this.dataset.step = String(Math.min(this.#step + 1, DONE));
    this.classList.toggle("finished", this.#step === DONE);
    this.#items.forEach((item, index) => {
      item.classList.toggle("past", index < this.#step);
      if (index === this.#step) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    setText(this.querySelector(".done"), this.#step === DONE
      ? "That was a whole delivery. Now try a fault, a late sync, or turn the clock ahead." : "");
  }

  #begin() {
    this.#step = 0;
    this.#seenParcel = false;
    this.hidden = false;
    localStorage.removeItem(KEPT_AS);
    this.#draw();
  }

  #dismiss() {
    localStorage.setItem(KEPT_AS, "dismissed");
    this.hidden = true;
  }
}

customElements.define("first-parcel-hint", FirstParcelHint);
