/**
 * The foot of a phone: start button, commands, attachments, text, and the bot's reply keyboard.
 *
 * Guarantees: nothing is offered before the chat is known.
 * Event (bubbling): `rest`, when what had the focus here is hidden.
 */

import { telegram } from "./api.js";
import { h, icon, iconButton, reconcile, setText } from "./dom.js";
import { openLocationMap } from "./maps.js";
import { popMenu } from "./menu.js";
import { openSheet } from "./sheet.js";
import { world } from "./world.js";

class PhoneComposer extends HTMLElement {
  #person;
  #parts;
  #chat;
  #editing = null;

  connectedCallback() {
    if (this.#parts) return;
    this.#person = Number(this.dataset.personId);
    this.#parts = this.#build();
  }

  get #name() {
    return world.person(this.#person)?.first_name ?? "";
  }

  /** Fit the foot to the chat: what can be said, and how. */
  show(chat) {
    if (!this.#chat) {
      this.append(this.#parts.start, this.#parts.unblock, this.#parts.form, this.#parts.keyboard);
    }
    this.#chat = chat;
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    const blocked = world.person(this.#person)?.blocked ?? false;
    const fresh = chat.messages.length === 0;
    this.#parts.start.hidden = !fresh || blocked;
    this.#parts.unblock.hidden = !blocked;
    this.#parts.form.hidden = fresh || blocked;
    const rows = (!blocked && chat.keyboard?.keyboard) || [];
    this.#parts.keyboard.hidden = rows.length === 0;
    if (focused?.closest("[hidden]")) this.dispatchEvent(new CustomEvent("rest", { bubbles: true }));
    this.#parts.input.placeholder = chat.keyboard?.input_field_placeholder ?? "Message";
    reconcile(this.#parts.keyboard, rows.map((row, y) => ({ row, y })), ({ y }) => y,
      () => h("div", { class: "keys" }),
      (element, { row }) => reconcile(element, row.map((key, x) => ({ key, x })), ({ x }) => x,
        () => this.#replyKey(), (button, { key }) => {
          button.key = key;
          setText(button, typeof key === "string" ? key : key.text);
        }));
  }

  /** Let the person change a message they have sent. */
  rewrite(message) {
    this.#editing = message.message_id;
    this.classList.add("editing");
    this.#parts.input.value = message.text;
    this.#parts.input.focus();
  }

  #build() {
    const input = h("textarea", {
      rows: "1", placeholder: "Message", "aria-label": `Message from ${this.#name}`,
      on: { keydown: (event) => this.#key(event), input: () => this.#grow() },
    });
    const send = (event) => {
      event.preventDefault();
      this.#send();
    };
    const form = h("form", { class: "composer-row", on: { submit: send } },
      popMenu({ label: "Commands", symbol: "menu", items: () => this.#commands() }),
      popMenu({ label: "Attach", symbol: "clip", items: () => this.#attachments() }),
      input,
      h("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send")));
    return {
      input, form,
      start: h("button", { type: "button", class: "start primary",
        on: { click: () => this.#act(() => telegram.open(this.#person)) } }, "Start"),
      unblock: h("button", { type: "button", class: "start",
        on: { click: () => this.#act(() => telegram.unblock(this.#person)) } }, "Unblock the bot"),
      keyboard: h("div", { class: "reply-keyboard", role: "group", "aria-label": "Reply keyboard" }),
    };
  }

  #act(work) {
    return world.act(work);
  }

  #commands() {
    return (this.#chat?.commands ?? []).map(({ command, description }) => ({
      label: `/${command}`, note: description,
      act: () => this.#act(() => telegram.text(this.#person, `/${command}`)),
    }));
  }

  #attachments() {
    return [
      { label: "Location", mark: "pin", act: () => this.#shareLocation() },
      { label: "Contact", mark: "person", act: () => this.#act(() => telegram.contact(this.#person)) },
      { label: "Photo", mark: "picture", act: () => this.#act(() => telegram.photo(this.#person)) },
      { label: "Picture as a file", mark: "document",
        act: () => this.#act(() => telegram.file(this.#person, "document")) },
      { label: "Sticker", mark: "smile", act: () => this.#act(() => telegram.sticker(this.#person)) },
    ];
  }

  #shareLocation() {
    openLocationMap(this.#name, world.towers, world.tower, ({ latitude, longitude }) =>
      this.#act(() => telegram.location(this.#person, latitude, longitude)));
  }

  #replyKey() {
    const button = h("button", { type: "button", class: "key" });
    button.addEventListener("click", () => this.#reply(button.key));
    return button;
  }

  #reply(key) {
    if (key.request_contact) return this.#act(() => telegram.contact(this.#person));
    if (key.request_location) return this.#shareLocation();
    const wanted = key.request_users ?? key.request_user;
    if (wanted) return this.#pick(wanted.request_id);
    return this.#act(() => telegram.text(this.#person, typeof key === "string" ? key : key.text));
  }

  #pick(request) {
    const choose = (person) => {
      dialog.close();
      this.#act(() => telegram.pick(this.#person, request, [person.id]));
    };
    const others = world.people.filter((person) => person.id !== this.#person);
    const dialog = openSheet("Choose a person", h("div", { class: "stack" }, others.map((person) =>
      h("button", { type: "button", on: { click: () => choose(person) } },
        icon("person"), person.first_name))));
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.#editing) {
      this.#clear();
    }
  }

  async #send() {
    const text = this.#parts.input.value.trim();
    if (!text) return;
    const editing = this.#editing;
    this.#clear();
    const sent = await this.#act(() => (editing
      ? telegram.edit(this.#person, editing, text) : telegram.text(this.#person, text)));
    if (!sent && !this.#parts.input.value) this.#parts.input.value = text;
  }

  #clear() {
    this.#editing = null;
    this.classList.remove("editing");
    this.#parts.input.value = "";
    this.#grow();
  }

  #grow() {
    const { input } = this.#parts;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
  }
}

customElements.define("phone-composer", PhoneComposer);
