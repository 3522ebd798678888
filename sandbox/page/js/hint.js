/**
 * Three steps that lead a newcomer through the first parcel; moves on with what happens, and says how
 * to open a door with what the chat holds: a link, a link and digits, or a token.
 *
 * Guarantees: never goes back, can be dismissed for good, and begins anew with "Start again".
 */

import { PARCEL } from "./attendant.js";
import { h, iconButton, setText } from "./dom.js";
import { givesDigits, lockerOpenLink, tokenOf } from "./links.js";
import { world } from "./world.js";

const KEPT_AS = "lockerbot-sandbox-hint";
const DONE = 3;

/** How a door is opened, by what a message holds; the first that applies. */
const OPENERS = [
  { in: givesDigits, words: "type the digits on the tower’s keypad, or press the link’s button and walk to the tower" },
  { in: lockerOpenLink, words: "press the link’s button, follow Locker Open, walk to the tower" },
  { in: tokenOf, words: "tap the code: the door app takes it; walk to the tower, open the door" },
];

const doorOpen = () =>
  world.towers.some((tower) => tower.lockers.some((locker) => locker.door === "open"));

const opening = (person) => {
  const messages = world.chats.get(world.people[person]?.id)?.messages ?? [];
  return OPENERS.find((opener) => messages.some(opener.in))?.words;
};

const STEPS = [
  { title: "Book a locker", pane: "sender",
    words: () => "In Anna’s phone press Start and follow the bot until it shows how to open the door." },
  { title: "Drop it off", pane: "sender",
    words: () => (doorOpen() ? "At the tower put the parcel in and close the door."
      : `In Anna’s phone ${opening(0) ?? "open the door"}. Put the parcel in, close the door.`) },
  { title: "Collect it", pane: "recipient",
    words: () => {
      if (doorOpen()) return "At the tower take the parcel out and close the door.";
      return opening(1) ? `In Ben’s phone ${opening(1)}. Take the parcel out, close the door.`
        : "Open the claim link in Ben’s phone and follow the bot until it shows how to open the door.";
    } },
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
    for (const news of ["chat", "harbor"]) {
      world.addEventListener(news, () => {
        this.#notice();
        this.#word();
      });
    }
    world.addEventListener("reset", () => this.#begin());
    this.#draw();
  }

  #item({ title, pane }, index) {
    const show = () => document.dispatchEvent(new CustomEvent("look", { detail: pane }));
    return h("li", {}, h("span", { class: "step-number" }, String(index + 1)),
      h("div", {}, h("button", { type: "button", class: "step", on: { click: show } }, title),
        h("p", {})));
  }

  /** Each step is done when its fact can be seen, whoever brought it about. */
  #notice() {
    const facts = [this.#codeSeen(), this.#parcelStored(), this.#parcelTaken()];
    const before = this.#step;
    while (this.#step < DONE && facts[this.#step]) this.#step += 1;
    if (this.#step !== before) this.#draw();
  }

  #word() {
    this.#items.forEach((item, index) => setText(item.querySelector("p"), STEPS[index].words()));
  }

  #codeSeen() {
    const chats = [...world.chats.values()];
    return this.#parcelStored() || chats.some((chat) => chat.messages.some((message) => OPENERS.some((opener) => opener.in(message))));
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
    this.#word();
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
