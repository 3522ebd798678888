/**
 * Locker Open, to which a link in a chat leads: an App Clip on iPhones, an app on Android.
 *
 * Guarantees: the screen follows from what Harbor says of the link and what the phone can do; a link
 * that did not open its door can be tried again; one that is used or over says so.
 */

import { harbor } from "./api.js";
import { obstacle } from "./approach.js";
import { h } from "./dom.js";
import { handsets } from "./handsets.js";
import { PhonePanel, doorOpened } from "./panel.js";
import { nameOf, towerBy } from "./towers.js";
import { world } from "./world.js";

const NAME = "Locker Open";

class LockerOpen extends PhonePanel {
  #link;
  /** What Harbor says of the link; null until it has answered. */
  #seen;
  /** The App Clip's card has been tapped. */
  #started;
  /** What came of the last try: "open", "failed", "returned" or null. */
  #outcome;
  #refusal;
  #sticks;

  connectedCallback() {
    if (this.person) return;
    this.furnish(NAME, "link", "by Harbor Lockers");
    this.#sticks = h("input", { type: "checkbox" });
    this.append(h("label", { class: "check sticks" }, this.#sticks, "Sandbox: the next try fails"));
    handsets.addEventListener("change", () => this.#show());
    world.addEventListener("harbor", () => this.#noticeShut());
    world.addEventListener("reset", () => this.close());
  }

  /** Open a link, as a tap on it does. */
  async visit(link) {
    this.#link = link;
    this.#seen = this.#outcome = this.#refusal = null;
    this.#started = false;
    this.#sticks.checked = false;
    this.#show(true);
    this.open();
    await this.#look();
  }

  async #look() {
    try {
      this.#seen = await harbor.lookAtLink(this.#link);
    } catch (error) {
      this.#refusal = error.code === "bad_link" ? "Harbor does not know this link." : `${error.message}.`;
    }
    this.#show();
  }

  #show(opening = false) {
    if (this.hidden && !opening) return;
    const { key, screen } = SCREENS.find(({ when }) => when(this.#state()));
    this.querySelector(".sticks").hidden = key !== "ready" && key !== "failed";
    this.draw([{ key: "screen", actions: [], ...screen(this.#state(), this.#acts) }]);
  }

  #state() {
    const phone = handsets.of(this.person);
    const tower = towerBy(this.#seen?.tower);
    return {
      phone, tower, link: this.#seen, started: this.#started, refusal: this.#refusal,
      outcome: this.#outcome, hindered: tower ? obstacle(this.person, tower) : null,
    };
  }

  #acts = {
    install: () => handsets.change(this.person, { installed: true }),
    start: () => {
      this.#started = true;
      this.#show();
    },
    open: () => this.#open(),
    doesNotFit: () => this.#doesNotFit(),
  };

  async #open() {
    const outcome = this.#sticks.checked ? "failed" : "success";
    this.#sticks.checked = false;
    await this.#attempt(async () => {
      const { opened, tower, name } = await harbor.openLink(this.#link, outcome);
      this.#outcome = opened ? "open" : "failed";
      if (opened) await this.#showDoor(tower, name);
    });
  }

  #doesNotFit() {
    return this.#attempt(async () => {
      const { tower, name } = await harbor.doesNotFit(this.#link);
      this.#outcome = "returned";
      await this.#showDoor(tower, name);
    });
  }

  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.#refusal = `${error.message}.`;
    }
    await this.#look();
  }

  async #showDoor(tower, name) {
    await world.refreshHarbor();
    doorOpened(tower, name);
  }

  /** With the door shut again the visit is over, and the chat comes back. */
  #noticeShut() {
    const done = this.#outcome === "open" || this.#outcome === "returned";
    const locker = towerBy(this.#seen?.tower)?.lockers.find((one) => one.id === this.#seen.locker);
    if (done && locker?.door === "closed") this.close();
    else this.#show();
  }
}

const isPast = (time) => time !== null && new Date(time) <= world.now;
const door = ({ link, tower }) => `Door ${link.name} · ${nameOf(tower)}`;
const errand = ({ link }) => (link.drop_off ? "To put a parcel in." : "To take a parcel out.");
const misfit = (state, acts) => (state.link.drop_off
  ? [{ label: "It doesn’t fit", quiet: true, act: acts.doesNotFit }] : []);

/** The first that applies is shown. */
const SCREENS = [
  {
    key: "install", when: ({ phone }) => phone.kind === "android" && !phone.installed,
    screen: (state, acts) => ({
      title: "Get the Locker Open app",
      words: "Android opens this link with an app from the Play Store. It is installed once.",
      actions: [{ label: "Install", symbol: "install", act: acts.install }],
    }),
  },
  {
    key: "clip", when: ({ phone, started }) => phone.kind === "iphone" && !started,
    screen: (state, acts) => ({
      title: "App Clip",
      words: "Opens a Harbor locker. Nothing needs to be installed.",
      actions: [{ label: "Open", symbol: "out", act: acts.start }],
    }),
  },
  {
    key: "refused", when: ({ refusal }) => refusal,
    screen: ({ refusal }) => ({ title: "This link can’t be opened", mood: "no", words: refusal }),
  },
  {
    key: "asking", when: ({ link, tower }) => !link || !tower,
    screen: () => ({ title: "One moment", words: "Asking Harbor about this link…" }),
  },
  {
    key: "returned", when: ({ outcome }) => outcome === "returned",
    screen: (state) => ({
      title: door(state), mood: "yes",
      words: "The door is open once more: take the parcel back and close the door. The locker is given back.",
    }),
  },
  {
    key: "open", when: ({ outcome }) => outcome === "open",
    screen: (state, acts) => ({
      title: door(state), mood: "yes", words: `Door ${state.link.name} is open.`, actions: misfit(state, acts),
    }),
  },
  {
    key: "used", when: ({ link }) => link.spent,
    screen: (state, acts) => ({
      title: door(state), mood: "no",
      words: "This link has been used: its door was opened.", actions: misfit(state, acts),
    }),
  },
  {
    key: "over", when: ({ link }) => !link.held || isPast(link.hold_until),
    screen: (state) => ({
      title: door(state), mood: "no",
      words: "This link is over: Harbor no longer holds the locker for it. Ask the bot for a new link.",
    }),
  },
  {
    key: "hindered", when: ({ hindered }) => hindered,
    screen: (state) => ({
      title: door(state), words: `${errand(state)} ${state.hindered.words}`, actions: [state.hindered.action],
    }),
  },
  {
    key: "failed", when: ({ outcome }) => outcome === "failed",
    screen: (state, acts) => ({
      title: door(state), mood: "no",
      words: "The door did not open. Stay close to the tower; the same link can be tried again.",
      actions: [{ label: "Try again", symbol: "again", act: acts.open }],
    }),
  },
  {
    key: "ready", when: () => true,
    screen: (state, acts) => ({
      title: door(state), words: `${errand(state)} The tower is near.`,
      actions: [{ label: `Open door ${state.link.name}`, symbol: "door", act: acts.open }],
    }),
  },
];

customElements.define("locker-open", LockerOpen);
