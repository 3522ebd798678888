/**
 * A button that opens a small menu: arrow keys walk it, Escape and a click elsewhere close it.
 */

import { h, icon } from "./dom.js";

export class PopMenu extends HTMLElement {
  #button;
  #list;
  #items;

  /** `items()` is asked at each opening for `[{label, note, mark, act}]`. */
  configure({ label, symbol, text, items }) {
    this.#items = items;
    this.#button = h("button", {
      type: "button", class: text ? "menu-button" : "icon-button", "aria-label": label, title: label,
      "aria-haspopup": "menu", "aria-expanded": "false", on: { click: () => this.#toggle() },
    }, icon(symbol), text ?? null);
    this.#list = h("div", { role: "menu", class: "menu", "aria-label": label, hidden: true });
    this.append(this.#button, this.#list);
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusout", (event) => {
      if (!this.contains(event.relatedTarget)) this.#close();
    });
    return this;
  }

  #toggle() {
    if (!this.#list.hidden) return this.#close();
    this.#list.replaceChildren(...this.#items().map((item) => this.#row(item)));
    this.#list.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    this.#list.firstElementChild?.focus();
    return undefined;
  }

  #row({ label, note, mark, act }) {
    const choose = () => {
      this.#close();
      this.#button.focus();
      act();
    };
    return h("button", { type: "button", role: "menuitem", tabindex: "-1", on: { click: choose } },
      mark ? icon(mark) : null,
      h("span", { class: "menu-label" }, label),
      note ? h("span", { class: "menu-note" }, note) : null);
  }

  #key(event) {
    if (this.#list.hidden) return;
    const rows = [...this.#list.children];
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Escape") {
      this.#close();
      this.#button.focus();
      event.stopPropagation();
    } else if (to !== undefined) {
      rows.at(to % rows.length).focus();
      event.preventDefault();
    }
  }

  #close() {
    this.#list.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }
}

customElements.define("pop-menu", PopMenu);

/** A configured menu. */
export const popMenu = (options) => document.createElement("pop-menu").configure(options);
