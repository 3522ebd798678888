/**
 * What the page knows of the sandbox: towers, people, chats, the time; fetched anew at each change.
 *
 * Guarantees: one fetch of a kind at a time, and always one more after a change that came meanwhile.
 * Events: `harbor`, `people`, `chat` (detail: person id), `wire` (detail: {side, entry}),
 * `connection`, `refused` (detail: message), `reset`.
 */

import { Refused, Unreachable, harbor, stage, telegram } from "./api.js";
import { Feed } from "./feed.js";

/** The two who play the first parcel; fixed ids keep two open pages from making four people. */
const CAST = [
  { id: 1001, first_name: "Anna", language_code: "en" },
  { id: 1002, first_name: "Ben", language_code: "en" },
];

/** Run `work` now or, if it is running, once more afterwards; resolves when nothing is left to do. */
function singleFlight(work) {
  let flight = null;
  let again = false;
  const fly = async () => {
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      flight = null;
    }
  };
  return () => {
    again = true;
    flight ??= fly();
    return flight;
  };
}

class World extends EventTarget {
  harbor = null;
  telegram = null;
  chats = new Map();
  /** The tower that is looked at. */
  tower = null;
  /** How the bot has each tower opened: tower id → "link", "keypad" or "token". */
  openers = {};
  online = { harbor: false, telegram: false };
  #shift = 0;

  constructor() {
    super();
    this.refreshHarbor = singleFlight(() => this.#quietly(() => this.#fetchHarbor()));
    this.refreshTelegram = singleFlight(() => this.#quietly(() => this.#fetchTelegram()));
  }

  start() {
    this.#follow("harbor", harbor, this.refreshHarbor);
    this.#follow("telegram", telegram, this.refreshTelegram);
  }

  get people() {
    return this.telegram?.people ?? [];
  }

  get bot() {
    return this.telegram?.bot ?? { username: "", first_name: "Bot" };
  }

  get towers() {
    return this.harbor?.towers ?? [];
  }

  /** The sandbox's present time, which runs on between two fetches. */
  get now() {
    return new Date(Date.now() + this.#shift);
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }

  /** Do what somebody asked for; when it is refused, say so and return undefined. */
  async act(work) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      this.#tell("refused", error.message);
      return undefined;
    }
  }

  async reset() {
    if (!(await this.act(() => stage.reset()))) return;
    this.#tell("reset");
    await Promise.all([this.refreshHarbor(), this.refreshTelegram()]);
  }

  #follow(name, side, refresh) {
    const feed = new Feed(side);
    feed.addEventListener("change", refresh);
    feed.addEventListener("wire", (event) => this.#tell("wire", { side: name, entry: event.detail }));
    for (const kind of ["online", "offline"]) {
      feed.addEventListener(kind, () => {
        this.online[name] = kind === "online";
        this.#tell("connection");
      });
    }
    feed.start();
  }

  async #fetchHarbor() {
    [this.harbor, this.openers] = await Promise.all([harbor.state(), stage.openers()]);
    this.#setTime(this.harbor.now);
    this.#tell("harbor");
  }

  async #fetchTelegram() {
    let state = await telegram.state();
    const missing = CAST.filter(({ id }) => !state.people.some((person) => person.id === id));
    if (missing.length) {
      for (const person of missing) await telegram.makePerson(person).catch(() => null);
      state = await telegram.state();
    }
    this.telegram = state;
    this.#setTime(state.now);
    this.#tell("people");
    await Promise.all(state.people.map((person) => this.#fetchChat(person.id)));
  }

  async #fetchChat(id) {
    const chat = await telegram.chat(id);
    this.chats.set(id, chat);
    this.#tell("chat", id);
  }

  #setTime(now) {
    this.#shift = new Date(now).getTime() - Date.now();
  }

  /** A fetch that fails is made good by the feed, which tells of a change when it is back. */
  async #quietly(work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export const world = new World();
