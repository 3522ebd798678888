/**
 * What a message offers beyond its words: a code for the tower, a deep link for another phone.
 */

const CODE = /HARBOR:\/\/OPEN\/[0-9A-F]{16}\/\d+\/[0-9A-F]+\/[0-9A-F]+/i;
const LOCKER_OPEN = /(?:https?:\/\/(?:[\w-]+\.)*lockeropen\.com\/|locker-open:\/\/)[^\s"<>]*/i;
const TELEGRAM_HOSTS = new Set(["t.me", "telegram.me"]);

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

/** An address at Telegram, taken apart; or null. */
function telegramUrl(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url && TELEGRAM_HOSTS.has(url.hostname) ? url : null;
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

/** The Locker Open link in a message, or null. */
export function lockerOpenLink(message) {
  const inWords = LOCKER_OPEN.exec(wordsOf(message))?.[0];
  return inWords ?? addressesOf(message).find((address) => LOCKER_OPEN.test(address)) ?? null;
}
