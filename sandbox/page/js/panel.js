/**
 * An app on a phone, below the chat: a head to close it by, and cards with words and buttons.
 *
 * Guarantees: cards and buttons are brought up to date in place, so focus stays; when the focused
 * button goes, the focus moves to the first one that is left, or waits at the panel for the next;
 * Escape closes, focus is given back.
 *
 * Event (bubbling): `rest`, when it closes with the focus and what had it before is gone.
 */

import { h, icon, iconButton, reconcile, setText } from "./dom.js";

export class PhonePanel extends HTMLElement {
  person;
  #cards;
  #before;

  /** Build the frame of the app called `name`. */
  furnish(name, symbol, maker) {
    this.person = Number(this.dataset.personId);
    this.hidden = true;
    this.setAttribute("role", "region");
    this.setAttribute("tabindex", "-1");
    this.setAttribute("aria-label", name);
    this.classList.add("panel");
    this.#cards = h("div", { class: "panel-cards" });
    this.append(
      h("header", {}, h("span", { class: "app-sign" }, icon(symbol)),
        h("div", { class: "app-name" }, h("h3", {}, name), h("small", {}, maker)),
        iconButton("close", `Close ${name}`, () => this.close())),
      this.#cards);
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  open() {
    if (this.hidden) this.#before = document.activeElement;
    this.hidden = false;
    this.dispatchEvent(new CustomEvent("panel", { bubbles: true }));
    this.#first.focus({ preventScroll: true });
  }

  close() {
    if (this.hidden) return;
    const within = this.contains(document.activeElement);
    this.hidden = true;
    this.dispatchEvent(new CustomEvent("panel", { bubbles: true }));
    if (!within) return;
    if (this.#before?.isConnected) this.#before.focus({ preventScroll: true });
    else this.dispatchEvent(new CustomEvent("rest", { bubbles: true }));
  }

  get #first() {
    return this.#cards.querySelector("button") ?? this;
  }

  /** Show `[{key, title, words, mood?, actions: [{label, symbol?, quiet?, act}]}]`. */
  draw(cards) {
    const focused = document.activeElement;
    const within = focused === this || this.#cards.contains(focused);
    reconcile(this.#cards, cards, ({ key }) => key, newCard, fillCard);
    if (within && (focused === this || !focused.isConnected)) this.#first.focus({ preventScroll: true });
  }
}

const newCard = () => h("section", { class: "panel-card" }, h("h4", {}),
  h("p", { role: "status" }), h("div", { class: "panel-actions" }));

function fillCard(card, { title, words, mood, actions }) {
  const [head, said, row] = card.children;
  setText(head, title);
  setText(said, words);
  if (mood) card.dataset.mood = mood;
  else delete card.dataset.mood;
  reconcile(row, actions, ({ label }) => label, newAction, (button, action) => {
    button.act = action.act;
  });
}

function newAction({ label, symbol, quiet }) {
  const button = h("button", { type: "button", class: quiet ? "small" : "primary" },
    symbol ? icon(symbol) : null, label);
  button.addEventListener("click", () => button.act());
  return button;
}

/** Say on the whole page that a door has opened: the tower shows it. */
export function doorOpened(tower, name) {
  document.dispatchEvent(new CustomEvent("door-opened", { detail: { tower, name } }));
}
