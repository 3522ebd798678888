/**
 * Foreign HTML made harmless: only the marks a Telegram message can carry survive.
 *
 * Guarantees: no attribute but a checked `href`, a spoiler's class and a moment of the right form gets
 * through, whatever comes in.
 */

const KEPT = new Set([
  "A", "B", "BLOCKQUOTE", "BR", "CODE", "DEL", "EM", "I", "INS", "PRE", "S", "STRONG", "U",
]);
const SPOILER = "TG-SPOILER";
const SAFE_LINK = /^(https?|tg|mailto|tel):/i;

function spoiler() {
  const cover = document.createElement("span");
  cover.className = "spoiler";
  cover.setAttribute("role", "button");
  cover.setAttribute("tabindex", "0");
  cover.setAttribute("aria-label", "Hidden text: reveal");
  return cover;
}

function link(source) {
  const anchor = document.createElement("a");
  const address = source.getAttribute("href") ?? "";
  if (SAFE_LINK.test(address)) anchor.setAttribute("href", address);
  anchor.setAttribute("target", "_blank");
  anchor.setAttribute("rel", "noopener noreferrer");
  return anchor;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const FORMAT = /^(r|w?[dD]?[tT]?)$/;

/** A moment; in a log that is read aloud, its ticking is not. */
function moment(source) {
  const time = document.createElement("time");
  const at = source.getAttribute("datetime") ?? "";
  const form = source.dataset.format ?? "";
  if (!MOMENT.test(at) || !FORMAT.test(form)) return time;
  time.setAttribute("datetime", at);
  time.dataset.format = form;
  time.setAttribute("aria-live", "off");
  return time;
}

function shell(source) {
  if (source.tagName === "TIME") return moment(source);
  if (source.tagName === SPOILER || source.classList.contains("tg-spoiler")) return spoiler();
  if (source.tagName === "A") return link(source);
  if (KEPT.has(source.tagName)) return document.createElement(source.tagName);
  return document.createDocumentFragment();
}

function copy(source, target) {
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      target.append(node.data);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      target.append(copy(node, shell(node)));
    }
  }
  return target;
}

/** A fragment with what is allowed of `html`; the text of forbidden elements stays, as text. */
export function sanitized(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const silent of parsed.querySelectorAll("script, style, template, iframe")) silent.remove();
  return copy(parsed.body, document.createDocumentFragment());
}
