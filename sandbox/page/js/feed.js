/**
 * One counterparty's changes as they happen: server-sent events, or a long poll where those fail.
 *
 * Guarantees: after every loss of the connection `change` fires again, so nothing stays stale.
 * Events: `change`, `wire` (detail: the entry), `online`, `offline`.
 */

const GIVE_UP_EVENTS_AFTER = 4;
const POLLS_BEFORE_TRYING_EVENTS = 3;
const POLL_SECONDS = 20;
const RETRY_MS = 1000;

const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

export class Feed extends EventTarget {
  #side;
  #failures = 0;

  constructor(side) {
    super();
    this.#side = side;
  }

  start() {
    const source = new EventSource(`${this.#side.base}/events`);
    source.onopen = () => {
      this.#failures = 0;
      this.#tell("online");
      this.#tell("change");
    };
    source.addEventListener("change", () => this.#tell("change"));
    source.addEventListener("wire", (event) => this.#tell("wire", JSON.parse(event.data)));
    source.onerror = () => this.#lost(source);
  }

  /** Try again once a second, which is sooner than browsers do by themselves; then by polling. */
  async #lost(source) {
    source.close();
    this.#tell("offline");
    this.#failures += 1;
    await pause(RETRY_MS);
    if (this.#failures < GIVE_UP_EVENTS_AFTER) this.start();
    else this.#poll();
  }

  async #poll() {
    let revision = 0;
    for (let answered = 0; answered < POLLS_BEFORE_TRYING_EVENTS; answered += 1) {
      try {
        const state = await this.#side.stateAfter(revision, revision ? POLL_SECONDS : 0);
        this.#tell("online");
        if (state.revision !== revision) this.#tell("change");
        revision = state.revision;
      } catch {
        this.#tell("offline");
        revision = 0;
        answered = -1;
        await pause(RETRY_MS);
      }
    }
    this.#failures = 0;
    this.start();
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
