/**
 * One counterparty's changes as they happen: server-sent events, or a long poll where those fail.
 *
 * Guarantees: after every loss of the connection `change` fires again, so nothing stays stale.
 * Events: `change`, `wire` (detail: the entry), `online`, `offline`.
 */

const GIVE_UP_EVENTS_AFTER = 4;
const RETRY_MS = 1000;
const POLL_SECONDS = 20;

const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

export class Feed extends EventTarget {
  #side;
  #failures = 0;
  #revision = 0;

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

  /** The browser retries by itself unless the stream was refused; then we do, later by polling. */
  #lost(source) {
    this.#tell("offline");
    this.#failures += 1;
    if (this.#failures >= GIVE_UP_EVENTS_AFTER) {
      source.close();
      this.#poll();
    } else if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => this.start(), RETRY_MS);
    }
  }

  async #poll() {
    for (let turn = 0; ; turn += 1) {
      try {
        const state = await this.#side.stateAfter(this.#revision, this.#revision ? POLL_SECONDS : 0);
        this.#tell("online");
        if (state.revision !== this.#revision) this.#tell("change");
        this.#revision = state.revision;
        if (turn === 0) continue;
        this.#failures = 0;
        this.start();
        return;
      } catch {
        this.#tell("offline");
        this.#revision = 0;
        turn = -1;
        await pause(RETRY_MS);
      }
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
