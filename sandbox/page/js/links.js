/**
 * What a message offers beyond its words: a code for the tower, a deep link for another phone.
 */

const CODE = /HARBOR:\/\/OPEN\/[0-9A-F]{16}\/\d+\/[0-9A-F]+\/[0-9A-F]+/i;
const LOCKER_OPEN = /(?:https?:\/\/(?:[\w-]+\.)*lockeropen\.com\/|locker-open:\/\/)[^\s"<>]*/i;
const TELEGRAM_LINK = /^https?:\/\/(?:t|telegram)\.me\/([A-Za-z0-9_]+)\/?(?:\?(.*))?$/i;

const wordsOf = (message) => message.text ?? message.caption ?? "";

const buttonsOf = (message) => (message.reply_markup?.inline_keyboard ?? []).flat();

/** The tower code in a message's text or caption, or null. */
export const codeOf = (message) => CODE.exec(wordsOf(message))?.[0] ?? null;

/** The tower a code is for, as 16 hexadecimal digits in lower case. */
export const towerOf = (code) => code.split("/")[3].toLowerCase();

/** Every address a message leads to: in its words, behind its words, on its buttons. */
export function addressesOf(message) {
  const entities = message.entities ?? message.caption_entities ?? [];
  const behind = entities.map((entity) => entity.url);
  const written = wordsOf(message).match(/https?:\/\/[^\s<>"]+/g) ?? [];
  return [...buttonsOf(message).map((button) => button.url), ...behind, ...written].filter(Boolean);
}

/** The deep link to `username` that an address is or shares, as `https://t.me/…?start=…`, or null. */
export function deepLink(address, username) {
  const [, name, query] = TELEGRAM_LINK.exec(address) ?? [];
  if (!name) return null;
  if (name.toLowerCase() === "share") {
    const shared = new URL(address).searchParams;
    const inside = `${shared.get("url") ?? ""} ${shared.get("text") ?? ""}`;
    return inside.split(/\s+/).map((word) => deepLink(word, username)).find(Boolean) ?? null;
  }
  if (name.toLowerCase() !== username.toLowerCase()) return null;
  return new URLSearchParams(query).has("start") ? address : null;
}

/** The Locker Open link in a message, or null. */
export function lockerOpenLink(message) {
  const inWords = LOCKER_OPEN.exec(wordsOf(message))?.[0];
  return inWords ?? addressesOf(message).find((address) => LOCKER_OPEN.test(address)) ?? null;
}
