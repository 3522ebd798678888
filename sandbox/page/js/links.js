/**
 * What a message offers beyond its words: a token for the door app, a Locker Open link, a deep link
 * for another phone, a parcel page for a browser.
 */

import { tokenIn, tokenOfAppLink } from "./tokens.js";

const LOCKER_OPEN = /(?:https?:\/\/(?:[\w-]+\.)*lockeropen\.com\/|locker-open:\/\/)[^\s"<>]*/i;
const PAGE = /^\/p\/[\w-]+$/;
const TELEGRAM_HOSTS = new Set(["t.me", "telegram.me"]);

export const wordsOf = (message) => message.text ?? message.caption ?? "";

const writtenIn = (text) => text.match(/https?:\/\/[^\s<>"]+/g) ?? [];

const buttonsOf = (message) => (message.reply_markup?.inline_keyboard ?? []).flat();

/** The locker token in a message's words or behind one of its buttons, or null. */
export const tokenOf = (message) => tokenIn(wordsOf(message))
  ?? addressesOf(message).map(tokenOfAppLink).find(Boolean) ?? null;

/** Whether a message gives digits for a keypad beside its link. */
export const givesDigits = (message) => Boolean(lockerOpenLink(message))
  && (message.entities ?? message.caption_entities ?? []).some(({ type, offset, length }) =>
    type === "code" && /^[\d ]{4,}$/.test(wordsOf(message).slice(offset, offset + length)));

/** Every address a message leads to: in its words, behind its words, on its buttons. */
export function addressesOf(message) {
  const entities = message.entities ?? message.caption_entities ?? [];
  const behind = entities.map((entity) => entity.url);
  const written = writtenIn(wordsOf(message));
  return [...buttonsOf(message).map((button) => button.url), ...behind, ...written].filter(Boolean);
}

/** An address at Telegram, taken apart; or null. */
function telegramUrl(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url && TELEGRAM_HOSTS.has(url.hostname) ? url : null;
}

/** The address of one of the bot's parcel pages in a text (a slip's, say), or null. */
export function pageLink(text) {
  return writtenIn(text ?? "").find((address) =>
    URL.canParse(address) && PAGE.test(new URL(address).pathname)) ?? null;
}

/** Whether an address opens Telegram's share dialog. */
export const isShare = (address) => telegramUrl(address)?.pathname === "/share/url";

/** The deep link to `username` that an address is or shares, as `https://t.me/…?start=…`, or null. */
export function deepLink(address, username) {
  const url = telegramUrl(address);
  if (!url) return null;
  if (isShare(address)) {
    const shared = `${url.searchParams.get("url") ?? ""} ${url.searchParams.get("text") ?? ""}`;
    return shared.split(/\s+/).filter((word) => !isShare(word))
      .map((word) => deepLink(word, username)).find(Boolean) ?? null;
  }
  const bot = url.pathname.replaceAll("/", "").toLowerCase();
  return bot === username.toLowerCase() && url.searchParams.has("start") ? address : null;
}

export const isLockerOpen = (address) => LOCKER_OPEN.test(address);

/** The Locker Open link in a message, or null. */
export function lockerOpenLink(message) {
  const inWords = LOCKER_OPEN.exec(wordsOf(message))?.[0];
  return addressesOf(message).find(isLockerOpen) ?? inWords ?? null;
}

/** Whether one of the message's own buttons leads to Locker Open, or to the door app. */
export const hasOpeningButton = (message) =>
  buttonsOf(message).some(({ url }) => url && (isLockerOpen(url) || tokenOfAppLink(url)));
