/**
 * The empty chat, as it speaks before Start: the bot's picture and what it says of itself; and the
 * round picture beside its name.
 *
 * Guarantees: a picture is changed only when it is another one.
 */

import { fileUrl } from "./api.js";
import { h, icon, setText } from "./dom.js";

const NOTHING = "Nothing here yet. Press Start to meet the bot.";

/** The bot's round picture: the one of its profile, else a tower. */
export class Avatar {
  element = h("span", { class: "avatar" }, icon("tower"));
  #url = null;

  show({ picture_url: path }) {
    const url = fileUrl(path);
    if (url === this.#url) return;
    this.#url = url;
    this.element.replaceChildren(url ? h("img", { src: url, alt: "" }) : icon("tower"));
  }
}

export class Welcome {
  #avatar = new Avatar();
  #says = h("p", {}, NOTHING);
  element = h("div", { class: "welcome" }, this.#avatar.element, this.#says);

  /** The chat as the person sees it; there is nothing to be seen of this once anything was said. */
  show(chat) {
    this.element.hidden = chat.messages.length > 0;
    this.#avatar.show(chat);
    setText(this.#says, chat.description || NOTHING);
  }
}
