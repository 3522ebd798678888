/**
 * What a bot answers to a pressed button: a toast that goes by itself, or an alert that waits.
 *
 * Guarantees: each is shown once, and not again when the page is loaded anew; a toast does not outlive
 * for long the coming of the message that it announced.
 */

import { h } from "./dom.js";
import { world } from "./world.js";

const TOAST_MS = 3500;
/** How long a toast is read when what it announced is there. */
const READ_MS = 1200;

export class Toasts {
  #host;
  #line = h("div", { class: "toasts", role: "status", "aria-live": "assertive" });
  #last = null;

  /** They appear within `host`. */
  constructor(host) {
    this.#host = host;
    host.append(this.#line);
  }

  /** Show those of the chat's toasts that are new. */
  show(toasts) {
    const fresh = this.#last === null ? [] : toasts.filter((one) => one.n > this.#last && one.text);
    this.#last = Math.max(0, ...toasts.map((toast) => toast.n));
    for (const { text, alert } of fresh) {
      if (alert) this.#alert(text);
      else this.say(text);
    }
  }

  say(text) {
    const toast = h("p", { class: "toast" }, text);
    this.#line.append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  /** A message has come: what was said of it has been said. */
  come() {
    for (const toast of this.#line.children) setTimeout(() => toast.remove(), READ_MS);
  }

  /** Takes the focus, and gives it back once it is closed. */
  #alert(text) {
    const before = document.activeElement;
    const close = () => {
      box.remove();
      before?.focus();
    };
    const ok = h("button", { type: "button", class: "primary", on: { click: close } }, "OK");
    const box = h("div", { class: "alert", role: "alertdialog", "aria-label": world.bot.first_name,
      on: { keydown: (event) => event.key === "Escape" && close() } }, h("p", {}, text), ok);
    this.#host.append(box);
    ok.focus();
  }
}
