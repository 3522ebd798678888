/**
 * A phone: whose it is, the bot's name and doings, the chat, and the foot to answer with.
 *
 * Guarantees: rings (visibly, and in a live region) each time a message comes with sound.
 */

import { telegram } from "./api.js";
import "./chat.js";
import "./composer.js";
import "./door-app.js";
import { h, icon, setText } from "./dom.js";
import { handsets } from "./handsets.js";
import "./locker-open.js";
import { popMenu } from "./menu.js";
import "./phone-status.js";
import { confirmed } from "./sheet.js";
import { Avatar } from "./welcome.js";
import { world } from "./world.js";

const RING_MS = 900;

/** Telegram shows "typing" for five seconds, and tells nobody when they are over. */
const TYPING_MS = 5200;

/** Those the bot has a catalogue for, and one it has none for. */
const LANGUAGES = [
  ["en", "English"], ["de", "Deutsch"], ["es", "Español"], ["fr", "Français"], ["pl", "Polski"],
  ["uk", "Українська"], ["it", "Italiano"],
];

class SandboxPhone extends HTMLElement {
  #person;
  #parts;
  #rings = null;
  #typed;

  connectedCallback() {
    if (this.#parts) return;
    this.#person = Number(this.dataset.personId);
    this.setAttribute("role", "region");
    this.#parts = this.#build();
    this.append(this.#caption(), this.#device());
    this.addEventListener("door-app", ({ detail }) => this.#parts.doorApp.start(detail));
    this.addEventListener("locker-open", ({ detail }) => this.#parts.lockerOpen.visit(detail));
    this.addEventListener("panel", ({ target }) => this.#oneApp(target));
    this.addEventListener("rest", () => this.#parts.chat.takeFocus());
    handsets.addEventListener("change", () => this.#showKind());
    this.#showKind();
    this.addEventListener("rewrite", (event) => this.#parts.composer.rewrite(event.detail));
  }

  /** The person as Telegram knows them; `part` is what they play ("sender"). */
  showPerson(person, part) {
    this.setAttribute("aria-label", `${person.first_name}’s phone`);
    setText(this.#parts.name, person.first_name);
    setText(this.#parts.part, person.blocked ? "has blocked the bot" : part);
    setText(this.#parts.bot, world.bot.first_name);
    this.#parts.language.value = person.language_code ?? "en";
  }

  /** The chat as the person sees it. */
  showChat(chat) {
    setText(this.#parts.status, chat.typing ? "typing…" : "bot");
    this.#parts.status.classList.toggle("typing", Boolean(chat.typing));
    clearTimeout(this.#typed);
    if (chat.typing) this.#typed = setTimeout(() => world.refreshTelegram(), TYPING_MS);
    this.#parts.avatar.show(chat);
    this.#parts.chat.show(chat);
    this.#parts.composer.show(chat);
    if (this.#rings !== null && chat.rings > this.#rings) this.#ring();
    this.#rings = chat.rings;
  }

  #build() {
    const of = { dataset: { personId: this.#person } };
    const change = (event) => world.act(() =>
      telegram.changePerson(this.#person, { language_code: event.target.value }));
    return {
      name: h("h2", {}),
      part: h("span", { class: "part" }),
      avatar: new Avatar(),
      bot: h("strong", {}),
      status: h("span", { class: "status" }),
      bell: h("p", { class: "visually-hidden", "aria-live": "assertive" }),
      chat: h("phone-chat", of),
      composer: h("phone-composer", of),
      line: h("phone-status", of),
      doorApp: h("door-app", of),
      lockerOpen: h("locker-open", of),
      language: h("select", { "aria-label": "Language", on: { change } },
        LANGUAGES.map(([code, name]) => h("option", { value: code }, name))),
    };
  }

  #caption() {
    const { name, part, language } = this.#parts;
    return h("header", { class: "caption" }, name, part, language,
      popMenu({ label: "This phone", symbol: "more", items: () => this.#choices() }));
  }

  #device() {
    const { avatar, bot, status, bell, chat, composer, line, doorApp, lockerOpen } = this.#parts;
    return h("div", { class: "device" },
      h("div", { class: "screen" }, line,
        h("div", { class: "bar" }, avatar.element,
          h("div", { class: "who" }, bot, status), icon("bell")),
        bell, chat, composer, doorApp, lockerOpen));
  }

  #showKind() {
    this.dataset.kind = handsets.of(this.#person).kind;
  }

  /** An app that opens takes the place of the other one, and of the foot. */
  #oneApp(app) {
    const { doorApp, lockerOpen } = this.#parts;
    const other = app === doorApp ? lockerOpen : doorApp;
    if (!app.hidden && !other.hidden) other.close();
    this.classList.toggle("with-app", !doorApp.hidden || !lockerOpen.hidden);
  }

  #choices() {
    const blocked = world.person(this.#person)?.blocked;
    return [
      blocked
        ? { label: "Unblock the bot", act: () => world.act(() => telegram.unblock(this.#person)) }
        : { label: "Block the bot", act: () => world.act(() => telegram.block(this.#person)) },
      { label: "Delete the account", act: () => this.#vanish() },
    ];
  }

  async #vanish() {
    const name = world.person(this.#person)?.first_name;
    const sure = await confirmed("Delete the account?",
      `${name} disappears from Telegram. The bot is not told, and has to cope.`,
      "Delete the account", "Keep it");
    if (sure) await world.act(() => telegram.vanish(this.#person));
  }

  /** The chat's log speaks the words; this says whose phone it was. */
  #ring() {
    setText(this.#parts.bell, "");
    setText(this.#parts.bell, `${this.getAttribute("aria-label")} rings`);
    this.classList.add("ringing");
    setTimeout(() => this.classList.remove("ringing"), RING_MS);
    this.dispatchEvent(new CustomEvent("ring", { bubbles: true }));
  }
}

customElements.define("sandbox-phone", SandboxPhone);
