/**
 * Moments in messages, shown as a phone shows Telegram's date-time entities: in its own language and
 * format, in the zone of the tower that is looked at, and ticking by the sandbox's clock.
 *
 * Guarantees: a format that is none leaves the entity's own text, which is what an older phone shows;
 * what ticks is not read out again and again.
 */

import { setText } from "./dom.js";
import { format } from "./time.js";
import { world } from "./world.js";

const FORMAT = /^(r|w?[dD]?[tT]?)$/;
const SPANS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const PARTS = {
  w: { weekday: "long" },
  d: { day: "2-digit", month: "2-digit", year: "2-digit" },
  D: { day: "numeric", month: "long", year: "numeric" },
  t: { hour: "2-digit", minute: "2-digit" },
  T: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

/** "in 40 minutes", "5 minutes ago": the largest unit of which there is one; a minute that has just
 * begun takes no hour and no day away. */
function relative(at, now, language) {
  const seconds = Math.trunc((at - now) / 1000);
  const [unit, size] = SPANS.find(([, length]) => Math.abs(seconds) >= length) ?? SPANS.at(-1);
  const whole = size > 60 && seconds > 0 ? seconds + 59 : seconds;
  return new Intl.RelativeTimeFormat(language).format(Math.trunc(whole / size), unit);
}

/** What a phone in `language` shows for `form` of Telegram's; null where that says nothing. */
export function shown(at, form, now, language) {
  if (!form || !FORMAT.test(form) || Number.isNaN(at.getTime())) return null;
  if (form === "r") return relative(at, now, language);
  const options = Object.assign({}, ...[...form].map((part) => PARTS[part]));
  return format(options, language === "en" ? "en-GB" : language).format(at);
}

/** Bring every moment below `root` up to date. */
export function tellMoments(root = document) {
  for (const element of root.querySelectorAll(".words time[data-format]")) {
    element.title ||= element.textContent;
    const language = element.closest("[data-language]")?.dataset.language ?? "en";
    const said = shown(new Date(element.dateTime), element.dataset.format, world.now, language);
    setText(element, said ?? element.title);
  }
}

setInterval(tellMoments, 1000, document);
world.addEventListener("harbor", () => tellMoments());
