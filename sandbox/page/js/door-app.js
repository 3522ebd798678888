/**
 * The door app: an app of the business, with Harbor's SDK in it, that opens doors by token.
 *
 * Guarantees: a token is kept until it has opened its door or somebody forgets it; why a door stays
 * shut is said in words.
 */

import { codeSaid, harbor } from "./api.js";
import { obstacle } from "./approach.js";
import { handsets } from "./handsets.js";
import { tokenOf } from "./links.js";
import { PhonePanel, doorOpened } from "./panel.js";
import { sameToken, tokenIn } from "./tokens.js";
import { doorName, nameOf, towerBy } from "./towers.js";
import { world } from "./world.js";

const NAME = "Door app";

/** What the firmware's refusals mean to somebody who stands before the door. */
const REFUSALS = {
  101: "This is no code of a locker.",
  107: "This code’s time is over. Ask the bot for a new one.",
  206: "This code is for another tower.",
  207: "The tower does not accept this code: it was altered.",
  502: "This code has been used, or a newer one has taken its place.",
};

class DoorApp extends PhonePanel {
  /** What was said of a token: payload → {words, mood, opened}. */
  #said = new Map();

  connectedCallback() {
    if (this.person) return;
    this.furnish(NAME, "key", "opens doors by code");
    handsets.addEventListener("change", () => this.#show());
    world.addEventListener("harbor", () => this.#noticeShut());
    world.addEventListener("chat", () => this.#show());
    world.addEventListener("reset", () => {
      this.#said.clear();
      this.close();
    });
  }

  get #tokens() {
    return handsets.of(this.person).tokens;
  }

  /** Keep a token, and show it. */
  take(token) {
    const others = this.#tokens.filter((one) => !sameToken(one, token));
    handsets.change(this.person, { tokens: [token, ...others], copied: "" });
    this.open();
  }

  /** With a token it takes that; without one (its icon was tapped) it opens, or closes again. */
  start(token) {
    if (token) this.take(token);
    else if (this.hidden) this.open();
    else this.close();
  }

  open() {
    this.#show(true);
    super.open();
  }

  #show(opening = false) {
    if (this.hidden && !opening) return;
    const cards = this.#tokens.map((token) => this.#card(token));
    this.draw(cards.length ? cards : [this.#empty()]);
  }

  #empty() {
    return { key: "none", title: "No code yet", words:
      "Tap a code in the chat, press its button, paste it, or scan the code that another phone shows.",
    actions: [...this.#paste(), ...this.#scans()] };
  }

  #paste() {
    const token = tokenIn(handsets.of(this.person).copied);
    return token ? [{ label: "Paste the code", symbol: "copy", act: () => this.take(token) }] : [];
  }

  /** The camera, held to other phones that show a code. */
  #scans() {
    return world.people.filter(({ id }) => id !== this.person).flatMap(({ id, first_name: name }) => {
      const token = world.chats.get(id)?.messages.map(tokenOf).findLast(Boolean);
      return token ? [{ label: `Scan ${name}’s phone`, symbol: "camera", act: () => this.take(token) }] : [];
    });
  }

  #card(token) {
    const tower = towerBy(token.tower ?? handsets.of(this.person).at);
    const door = doorName(tower, token.locker);
    const said = this.#said.get(token.payload);
    const title = [door ? `Door ${door}` : "A door", tower && nameOf(tower)].filter(Boolean).join(" · ");
    const forget = { label: "Forget this code", quiet: true, act: () => this.#forget(token) };
    const card = { key: token.payload, title, words: "", actions: [forget], ...said };
    if (said?.opened) return { ...card, actions: [] };
    if (!tower) return { ...card, mood: "no", words: "No tower here has this code’s number." };
    const hindered = obstacle(this.person, tower);
    const open = { label: door ? `Open door ${door}` : "Open the door", symbol: "door",
      act: () => this.#open(token, tower) };
    return hindered
      ? { ...card, mood: undefined, words: `${hindered.words} The code is kept.`, actions: [hindered.action, forget] }
      : { ...card, words: card.words || "The tower is near.", actions: [open, forget] };
  }

  async #open(token, tower) {
    try {
      const { name, locker } = await harbor.openByToken(tower.id, token);
      this.#said.set(token.payload, { words: `Door ${name} is open.`, mood: "yes", opened: { tower, locker } });
      await world.refreshHarbor();
      doorOpened(tower.id, name);
    } catch (error) {
      const words = REFUSALS[error.code] ?? `${error.message}.`;
      this.#said.set(token.payload, { words: `${words}${codeSaid(error)}`, mood: "no" });
    }
    this.#show();
  }

  #forget(token) {
    this.#said.delete(token.payload);
    handsets.change(this.person, { tokens: this.#tokens.filter((one) => one !== token) });
  }

  /** A token whose door is shut again has done its work; when none is left, the chat comes back. */
  #noticeShut() {
    const isShut = ({ tower, locker }) =>
      towerBy(tower.id)?.lockers.find((one) => one.id === locker)?.door === "closed";
    const done = this.#tokens.filter((token) => {
      const opened = this.#said.get(token.payload)?.opened;
      return opened && isShut(opened);
    });
    done.forEach((token) => this.#forget(token));
    if (done.length && !this.#tokens.length) this.close();
    else this.#show();
  }
}

customElements.define("door-app", DoorApp);
