/**
 * One person's chat with the bot: the messages, what they ask to be done, toasts and alerts.
 *
 * Guarantees: messages are updated in place by id; the view stays at the newest message if it was
 * there, and where it was if not; what answers a press or comes from the person is looked at, a picture
 * from its top. When what had the focus goes, a step's next button has it (lead.js).
 */

import { photoUrl, telegram } from "./api.js";
import { h, reconcile } from "./dom.js";
import { handsets } from "./handsets.js";
import { Lead } from "./lead.js";
import {
  addressesOf, deepLink, isLockerOpen, isShare, lockerOpenLink, tokenOf, wordsOf,
} from "./links.js";
import "./message.js";
import { offerPeople, openAt } from "./sharing.js";
import { openPicture } from "./sheet.js";
import { Toasts } from "./toasts.js";
import { tokenIn, tokenOfAppLink } from "./tokens.js";
import { Welcome } from "./welcome.js";
import { world } from "./world.js";

const NEAR_END = 80;
const ABOVE_PX = 12;

class PhoneChat extends HTMLElement {
  #person;
  #log;
  #spoken;
  #lead;
  #welcome;
  #busy = new Map();
  #atEnd = true;
  /** How far the log was scrolled when a button was pressed; null once somebody has scrolled on. */
  #pressedAt = null;
  #newest = 0;
  #extent = "";

  connectedCallback() {
    if (this.#log) return;
    this.#person = Number(this.dataset.personId);
    this.#log = h("div", { class: "log", role: "log", tabindex: "0", "aria-label": "Messages" });
    this.#lead = new Lead(this.#log);
    this.#spoken = new Toasts(this);
    this.#welcome = new Welcome();
    this.prepend(this.#log, this.#welcome.element);
    this.addEventListener("act", (event) => this.#obey(event.detail));
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === " ") && reveal(event.target)) event.preventDefault();
    });
    new ResizeObserver(() => this.#stay()).observe(this.#log);
    this.#log.addEventListener("load", () => this.#stay(), { capture: true });
    this.#log.addEventListener("scroll", () => this.#scrolled());
  }

  /** Show the chat as the person sees it. */
  show(chat) {
    const last = lastOwnText(chat.messages);
    const answered = this.#attend(chat.messages.at(-1));
    this.#welcome.show(chat);
    this.#lead.through(() => reconcile(this.#log, chat.messages, (message) => message.message_id,
      () => document.createElement("chat-message"),
      (element, message) => element.show(message, this.#context(message, last))));
    this.#rest(chat.waiting ?? []);
    this.#stay();
    this.#spoken.show(chat.toasts ?? []);
    if (answered) this.#spoken.come();
  }

  /** Have the focus, which what is hidden now had. */
  takeFocus() {
    this.#lead.on();
  }

  #context(message, last) {
    const found = addressesOf(message).map((address) => deepLink(address, world.bot.username));
    const others = world.people.filter((person) => person.id !== this.#person && !person.blocked);
    const links = message.outgoing ? [] : [...new Set(found.filter(Boolean))];
    return {
      links,
      others: links.length ? others.map(({ id, first_name: name }) => ({ id, name })) : [],
      author: message.outgoing ? world.person(this.#person)?.first_name : world.bot.first_name,
      editable: message.outgoing && message.message_id === last,
      language: world.person(this.#person)?.language_code ?? "en",
    };
  }

  /**
   * Somebody who has scrolled up to an old card and pressed there waits for what comes below.
   * Whether the bot has sent something new.
   */
  #attend(newest) {
    const fresh = newest?.message_id > this.#newest;
    if (fresh) this.#atEnd ||= this.#pressedAt !== null || newest.outgoing;
    this.#newest = newest?.message_id ?? 0;
    return fresh && !newest.outgoing;
  }

  /**
   * Only somebody's own scrolling counts, not what a change of size brings about, nor the late news
   * of having scrolled to the button that was then pressed.
   */
  #scrolled() {
    const { scrollHeight, clientHeight, scrollTop } = this.#log;
    if (`${scrollHeight}/${clientHeight}` !== this.#extent) return;
    this.#atEnd = this.#end - scrollTop < NEAR_END;
    if (scrollTop !== this.#pressedAt) this.#pressedAt = null;
  }

  #stay() {
    this.#extent = `${this.#log.scrollHeight}/${this.#log.clientHeight}`;
    if (this.#atEnd && this.#log.scrollTop < this.#end) this.#log.scrollTop = this.#end;
    this.#lead.see();
  }

  /** How far down the newest message is looked at: its end; a picture is not scrolled out of view. */
  get #end() {
    const newest = this.#log.lastElementChild;
    const bottom = this.#log.scrollHeight - this.#log.clientHeight;
    return newest?.matches(".pictured") ? Math.min(bottom, newest.offsetTop - ABOVE_PX) : bottom;
  }

  #obey({ kind, message, ...detail }) {
    const deeds = {
      "door-app": () => this.#start("door-app", tokenOf(message), message.message_id),
      "locker-open": () => this.#start("locker-open", lockerOpenLink(message), message.message_id),
      "open-elsewhere": () => openAt(detail.person, detail.link),
      "open-page": () => document.dispatchEvent(new CustomEvent("browse", { detail: wordsOf(message) })),
      enlarge: () => this.#enlarge(message),
      edit: () => this.dispatchEvent(new CustomEvent("rewrite", { bubbles: true, detail: message })),
      key: () => this.#key(message, detail),
    };
    deeds[kind]();
  }

  #enlarge(message) {
    const code = tokenOf(message) ?? lockerOpenLink(message);
    openPicture(photoUrl(message), code ? "Code" : "Picture");
  }

  /** Start an app of this phone with what a message holds, and keep that message in view above it. */
  #start(app, detail, messageId) {
    this.dispatchEvent(new CustomEvent(app, { bubbles: true, detail }));
    const message = this.#log.querySelector(`[data-message-id="${messageId}"]`);
    requestAnimationFrame(() => message?.scrollIntoView({ block: "nearest", container: "nearest" }));
  }

  async #key(message, { key, button }) {
    if (key.copy_text) {
      handsets.change(this.#person, { copied: key.copy_text.text });
      this.#spoken.say(await copied(key.copy_text.text) ? "Copied" : `Copy: ${key.copy_text.text}`);
    } else if (key.url) {
      this.#follow(key.url, message.message_id);
    } else if (key.callback_data) {
      await this.#press(message.message_id, key.callback_data, button);
    }
  }

  /** The button is busy until its query is answered. */
  async #press(messageId, data, button) {
    button.setAttribute("aria-busy", "true");
    this.#pressedAt = this.#log.scrollTop;
    const pressed = await world.act(() => telegram.press(this.#person, messageId, data));
    if (pressed) this.#busy.set(button, pressed.callback_query_id);
    else button.removeAttribute("aria-busy");
    await world.refreshTelegram();
  }

  #rest(waiting) {
    for (const [button, query] of this.#busy) {
      if (waiting.includes(query)) continue;
      button.removeAttribute("aria-busy");
      this.#busy.delete(button);
    }
  }

  /**
   * As Telegram and the phone do: a link to this bot opens in this chat, one of the door app or of
   * Locker Open there, anything else in the browser.
   */
  #follow(address, messageId) {
    const link = deepLink(address, world.bot.username);
    const token = tokenOfAppLink(address);
    if (token) this.#start("door-app", token, messageId);
    else if (isLockerOpen(address)) this.#start("locker-open", address, messageId);
    else if (link && !isShare(address)) openAt(this.#person, link);
    else if (link) offerPeople("Share with", link);
    else window.open(address, "_blank", "noopener,noreferrer");
  }

  #clicked(event) {
    if (reveal(event.target)) return;
    const anchor = event.target.closest?.(".words a");
    const messageId = event.target.closest?.("chat-message")?.dataset.messageId;
    const token = tokenIn(event.target.closest?.(".words code")?.textContent);
    if (token) this.#start("door-app", token, messageId);
    if (anchor && this.#known(anchor.href)) {
      event.preventDefault();
      this.#follow(anchor.href, messageId);
    }
  }

  #known(address) {
    return deepLink(address, world.bot.username) || isLockerOpen(address) || tokenOfAppLink(address);
  }
}

/** Browsers give the clipboard only to pages of this machine or behind TLS. */
async function copied(text) {
  if (!navigator.clipboard) return false;
  return navigator.clipboard.writeText(text).then(() => true, () => false);
}

const lastOwnText = (messages) =>
  messages.findLast((message) => message.outgoing && message.text && !message.text.startsWith("/"))
    ?.message_id;

function reveal(target) {
  const cover = target.closest?.(".spoiler:not(.revealed)");
  cover?.classList.add("revealed");
  cover?.removeAttribute("aria-label");
  cover?.removeAttribute("role");
  return cover;
}

customElements.define("phone-chat", PhoneChat);
