/**
 * A browser of somebody who has no Telegram: an address bar, and the bot's own parcel page below it.
 *
 * Event (bubbling): `leave`, when it is closed.
 *
 * Guarantees: what is shown is what the bot serves, in a frame; only where a link leads away from it
 * does this page step in, as the phone would: Locker Open, the door app, or Telegram.
 */

import "./door-app.js";
import { h, iconButton, setText } from "./dom.js";
import { handsets } from "./handsets.js";
import { deepLink, isLockerOpen, pageLink } from "./links.js";
import "./locker-open.js";
import "./phone-status.js";
import { offerPeople } from "./sharing.js";
import { tokenOfAppLink } from "./tokens.js";
import { world } from "./world.js";

/** Whose browser it is, among the phones: nobody's whom Telegram knows. */
const NOBODY = 0;

class ParcelBrowser extends HTMLElement {
  #parts;

  connectedCallback() {
    if (this.#parts) return;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Browser");
    this.#parts = this.#build();
    this.append(this.#caption(), this.#device());
    this.addEventListener("door-app", ({ detail }) => this.#parts.doorApp.start(detail));
    this.addEventListener("panel", ({ target }) => this.#oneApp(target));
    handsets.addEventListener("change", () => this.#showKind());
    world.addEventListener("reset", () => this.#close());
    this.#showKind();
  }

  /** Open the page that a text leads to; say so where it leads to none. */
  open(text) {
    const { address, said, frame, blank } = this.#parts;
    const link = pageLink(text);
    setText(said, link ? "" : "There is no link of a parcel page in that.");
    if (!link) return;
    address.value = link;
    blank.hidden = true;
    frame.hidden = false;
    frame.src = new URL(link).pathname;  // at whatever name this page goes by
  }

  #build() {
    const of = { dataset: { personId: NOBODY } };
    return {
      address: h("textarea", { rows: 1, "aria-label": "Address", spellcheck: "false",
        placeholder: "Paste a slip, or its link",
        on: { paste: (event) => this.#paste(event), keydown: (event) => this.#typed(event) } }),
      said: h("p", { class: "browser-said", role: "status" }),
      frame: h("iframe", { title: "Parcel page", hidden: true,
        on: { load: () => this.#loaded() } }),
      blank: h("p", { class: "browser-blank" },
        "For somebody without Telegram. Tap “Pick-up slip” in a chat, and open it here."),
      line: h("phone-status", of),
      doorApp: h("door-app", of),
      lockerOpen: h("locker-open", of),
    };
  }

  #caption() {
    return h("header", { class: "caption" }, h("h2", {}, "A browser"),
      h("span", { class: "part" }, "without Telegram"),
      iconButton("close", "Close the browser", () => this.#close()));
  }

  #device() {
    const { address, said, frame, blank, line, doorApp, lockerOpen } = this.#parts;
    const go = (event) => {
      event.preventDefault();
      this.open(address.value);
    };
    return h("div", { class: "device" },
      h("div", { class: "screen" }, line,
        h("form", { class: "address-bar", on: { submit: go } }, address,
          iconButton("send", "Go", () => {}, { type: "submit" }),
          iconButton("again", "Reload the page", () => this.#reload())),
        said, blank, frame, doorApp, lockerOpen));
  }

  /** What is pasted is opened at once, be it a whole slip. */
  #paste(event) {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!pageLink(text)) return;
    event.preventDefault();
    this.open(text);
  }

  #typed(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.open(event.target.value);
  }

  /** By its address: what was posted is not posted again. */
  #reload() {
    const { address, frame } = this.#parts;
    if (!frame.hidden) this.open(address.value);
  }

  #close() {
    const { address, said, frame, blank } = this.#parts;
    address.value = "";
    setText(said, "");
    blank.hidden = false;
    frame.hidden = true;
    frame.removeAttribute("src");
    this.dispatchEvent(new CustomEvent("leave", { bubbles: true }));
  }

  /** Links that lead away from the page lead to what a phone has for them. */
  #loaded() {
    this.#parts.frame.contentDocument?.addEventListener("click", (event) => {
      const address = event.target.closest?.("a[href]")?.href;
      if (!address || new URL(address).origin === location.origin) return;
      event.preventDefault();
      this.#follow(address);
    });
  }

  #follow(address) {
    const token = tokenOfAppLink(address);
    const link = deepLink(address, world.bot.username);
    if (token) this.#parts.doorApp.take(token);
    else if (isLockerOpen(address)) this.#parts.lockerOpen.visit(address);
    else if (link) offerPeople("Open in Telegram", link);
    else window.open(address, "_blank", "noopener,noreferrer");
  }

  #showKind() {
    this.dataset.kind = handsets.of(NOBODY).kind;
  }

  #oneApp(app) {
    const { doorApp, lockerOpen } = this.#parts;
    const other = app === doorApp ? lockerOpen : doorApp;
    if (!app.hidden && !other.hidden) other.close();
  }
}

customElements.define("parcel-browser", ParcelBrowser);
