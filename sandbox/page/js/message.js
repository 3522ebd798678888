/**
 * One message, kept in place: what changes is changed, what stays (a focused button too) stays.
 *
 * Events (bubbling): `act` with detail `{kind, …}`, see chat.js for who obeys.
 */

import { photoUrl } from "./api.js";
import { h, icon, reconcile, setText } from "./dom.js";
import { hasOpeningButton, lockerOpenLink, pageLink, tokenOf, wordsOf } from "./links.js";
import { mapPin } from "./map.js";
import { tellMoments } from "./moments.js";
import { sanitized } from "./sanitize.js";
import { clockTime } from "./time.js";
import { tokenIn } from "./tokens.js";

/** The kinds of message that are more than words, and how each is drawn. */
const ATTACHMENTS = [
  ["venue", (message) => mapPin(message.venue.location, message.venue.title, message.venue.address)],
  ["location", (message) => mapPin(message.location, "Location")],
  ["contact", (message) => h("p", { class: "attachment" }, icon("person"), " ",
    [message.contact.first_name, message.contact.phone_number].filter(Boolean).join(" · "))],
  ["document", (message) => h("p", { class: "attachment" }, icon("document"), " ",
    message.document.file_name ?? "Document")],
  ["users_shared", (message) => h("p", { class: "attachment" }, icon("person"), " ",
    `Shared ${message.users_shared.users?.map((user) => user.first_name ?? user.user_id).join(", ")}`)],
  ["sticker", (message) => h("p", { class: "sticker" }, message.sticker.emoji ?? "🙂")],
];

function attachment(message) {
  const [, draw] = ATTACHMENTS.find(([kind]) => message[kind]) ?? [];
  return draw ? draw(message) : null;
}

/** Telegram's apps send a deep link's payload after /start, and do not show it. */
const htmlOf = ({ html = "", outgoing }) =>
  (outgoing ? html.replace(/^(<span[^>]*>\/start<\/span>) \S+$/, "$1") : html);

class ChatMessage extends HTMLElement {
  #shown = "";
  #parts;
  #message;

  /** Show `message`; `context` is `{author, bot, others, editable, language}`. */
  show(message, context) {
    const wanted = JSON.stringify([message, context]);
    if (wanted === this.#shown) return;
    const before = this.#message;
    this.#shown = wanted;
    this.#message = message;
    this.#parts ??= this.#build(message);
    this.dataset.messageId = message.message_id;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", `${context.author}, ${clockTime(new Date(message.date * 1000))}`);
    this.classList.toggle("outgoing", message.outgoing);
    this.dataset.language = context.language;
    if (before?.html !== message.html) this.#write(htmlOf(message));
    tellMoments(this);
    const answered = message.reply_to_message;
    setText(this.#parts.quote, answered?.text ?? answered?.caption ?? "");
    this.#attach(message, before);
    this.#stamp(message);
    this.#offer(message, context);
    this.#keyboard(message);
  }

  #build() {
    const parts = {
      attachment: h("div", { class: "attached" }),
      quote: h("p", { class: "quote" }),
      words: h("div", { class: "words" }),
      stamp: h("p", { class: "stamp" }),
      offers: h("div", { class: "offers" }),
      keyboard: h("div", { class: "inline-keyboard" }),
    };
    const bubble = h("div", { class: "bubble" }, parts.quote, parts.attachment, parts.words, parts.stamp);
    this.append(bubble, parts.keyboard, parts.offers);
    return parts;
  }

  #write(html) {
    this.#parts.words.replaceChildren(sanitized(html));
    for (const code of this.#parts.words.querySelectorAll("code")) {
      code.classList.toggle("opens", Boolean(tokenIn(code.textContent)));
    }
  }

  #attach(message, before) {
    const kinds = ["photo_url", ...ATTACHMENTS.map(([kind]) => kind)];
    const same = before && kinds.every(
      (kind) => JSON.stringify(before[kind]) === JSON.stringify(message[kind]));
    if (!same) {
      const drawn = photoUrl(message) ? this.#photo(message) : attachment(message);
      this.#parts.attachment.replaceChildren(...(drawn ? [drawn] : []));
    }
    this.classList.toggle("pictured", Boolean(photoUrl(message)));
  }

  #photo(message) {
    return h("button", {
      type: "button", class: "photo", "aria-label": "Enlarge the picture",
      on: { click: () => this.#ask("enlarge") },
    }, h("img", { src: photoUrl(message), alt: "", draggable: "false" }));
  }

  #stamp(message) {
    const marks = [];
    if (message.protected) {
      marks.push(h("span", { class: "mark", title: "Cannot be forwarded or saved" },
        icon("lock"), "Protected"));
    }
    if (message.silent) marks.push(h("span", { class: "mark", title: "Came without a sound" },
        icon("quiet"), h("span", { class: "visually-hidden" }, "Silent")));
    if (message.edit_date) marks.push(h("span", {}, "edited"));
    const date = new Date(message.date * 1000);
    marks.push(h("time", { datetime: date.toISOString() }, clockTime(date)));
    this.#parts.stamp.replaceChildren(...marks);
  }

  /** What the page adds to Telegram: apps, the other phones, one's own second thoughts. */
  #offer(message, { links, others, editable }) {
    const offers = [];
    const own = hasOpeningButton(message);
    if (tokenOf(message) && !own) {
      offers.push({ kind: "door-app", label: "Open with the door app", symbol: "key" });
    }
    if (lockerOpenLink(message) && !own) {
      offers.push({ kind: "locker-open", label: "Open with Locker Open", symbol: "link" });
    }
    for (const link of links) {
      for (const other of others) {
        const label = `Open in ${other.name}’s phone`;
        offers.push({ kind: "open-elsewhere", label, symbol: "phone", link, person: other.id });
      }
    }
    if (!message.outgoing && pageLink(wordsOf(message))) {
      offers.push({ kind: "open-page", label: "Open in the browser", symbol: "out" });
    }
    if (editable) offers.push({ kind: "edit", label: "Edit", symbol: "pencil" });
    reconcile(this.#parts.offers, offers, ({ kind, person, link }) => `${kind}:${person}:${link}`,
      (offer) => h("button", {
        type: "button", class: `offer ${offer.kind}`, on: { click: () => this.#ask(offer.kind, offer) },
      }, icon(offer.symbol), h("span", {}, offer.label)));
  }

  #keyboard(message) {
    const rows = message.reply_markup?.inline_keyboard ?? [];
    reconcile(this.#parts.keyboard, rows.map((row, y) => ({ row, y })), ({ y }) => y,
      () => h("div", { class: "keys" }),
      (element, { row }) => reconcile(element, named(row), ({ name }) => name,
        () => this.#key(), (button, { key }) => fillKey(button, key)));
  }

  #key() {
    const button = h("button", { type: "button", class: "key" }, h("span"), h("i", { class: "sign" }));
    button.addEventListener("click", () => {
      this.#ask("key", { key: button.key, button });
    });
    return button;
  }

  #ask(kind, more = {}) {
    const detail = { ...more, kind, message: this.#message };
    this.dispatchEvent(new CustomEvent("act", { bubbles: true, detail }));
  }
}

/** A button is what it says, not where it stands: another one must not come by its focus. */
const named = (row) => row.map((key, x) => ({
  key, name: `${key.text}/${row.slice(0, x).filter(({ text }) => text === key.text).length}`,
}));

const KEY_SIGNS = [["url", "out"], ["copy_text", "copy"], ["web_app", "picture"]];

function fillKey(button, key) {
  button.key = key;
  button.dataset.style = key.style ?? "";
  setText(button.firstElementChild, key.text);
  const [, sign] = KEY_SIGNS.find(([kind]) => key[kind]) ?? [];
  button.lastElementChild.replaceChildren(...(sign ? [icon(sign)] : []));
}

customElements.define("chat-message", ChatMessage);
