/**
 * Where the focus goes in a chat when what had it is gone: to what a person does next.
 *
 * Guarantees: a button that is still there keeps the focus; otherwise the first button of the same
 * message has it, or that of the newest message that has one, or the log until there is one. What was
 * led there goes on to the next step's first button; what somebody has moved stays where it is.
 * Whoever goes by keys sees what the focus was led to.
 */

export class Lead {
  #log;
  /** What has the focus because it was led there. */
  #led = null;

  /** It leads within `log`. */
  constructor(log) {
    this.#log = log;
    log.addEventListener("focusout", () => {
      this.#led = null;
    });
  }

  /** Let `work` change the log, and see that the focus is not lost by it. */
  through(work) {
    const before = document.activeElement;
    const led = this.#led;
    if (!this.#log.contains(before)) return work();
    const message = before.closest("chat-message");
    work();
    if (!before.isConnected) this.on(message, before.textContent);
    else if (before === led) this.on(message);
    return undefined;
  }

  /** To the button called `label` in `message`, or to the next that there is. */
  on(message = null, label = null) {
    const same = keysOf(message).find((key) => key.textContent === label);
    const newest = [...this.#log.children].findLast((one) => keysOf(one).length);
    const next = same ?? keysOf(message)[0] ?? keysOf(newest)[0] ?? this.#log;
    if (next !== document.activeElement) next.focus({ preventScroll: true });
    this.#led = same ? null : next;
  }

  /** Where the focus was led by keys, look there: the end of a tall message may be far below. */
  see() {
    if (this.#led?.matches(":focus-visible")) this.#led.scrollIntoView({ block: "nearest", container: "nearest" });
  }
}

const keysOf = (message) =>
  (message?.isConnected ? [...message.querySelectorAll(".inline-keyboard .key")] : []);
