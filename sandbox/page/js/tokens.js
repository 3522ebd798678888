/**
 * Locker tokens as the bot hands them over: as text, in a QR, or in the fragment of an app link.
 *
 * A token is `{tower: id or null, locker: id or null, payload, payloadAuth}`.
 */

const TEXT = /HARBOR:\/\/OPEN\/([0-9A-F]{16})\/(\d+)\/([0-9A-F]+)\/([0-9A-F]+)/i;
const TOWER = /^[0-9a-f]{16}$/i;

/** Longer than a tower's id, as payloads and their tags are. */
const SECRET = /^[0-9a-f]{17,}$/i;

/** The token that a text holds, or null. */
export function tokenIn(text) {
  const found = TEXT.exec(text ?? "");
  if (!found) return null;
  const [, tower, locker, payload, payloadAuth] = found;
  return { tower: tower.toLowerCase(), locker: Number(locker), payload, payloadAuth };
}

/**
 * The token of an app link, or null. Its fragment carries the payload and then its tag, under whatever
 * names; the tower's id and after it the locker's may stand anywhere behind the host.
 */
export function tokenOfAppLink(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  const [payload, payloadAuth] = wordsOf(url?.hash).filter((word) => SECRET.test(word));
  if (url?.protocol !== "https:" || !payloadAuth) return null;
  const words = wordsOf(url.pathname + url.search + url.hash);
  const at = words.findIndex((word) => TOWER.test(word));
  const locker = words.slice(at + 1).find((word) => /^\d+$/.test(word));
  return {
    tower: words[at]?.toLowerCase() ?? null, locker: at >= 0 && locker ? Number(locker) : null,
    payload, payloadAuth,
  };
}

const wordsOf = (text) => (text ?? "").split(/[^0-9A-Za-z]+/).filter(Boolean);

/** The payload is random, so it tells tokens apart. */
export const sameToken = (one, other) => one.payload.toLowerCase() === other.payload.toLowerCase();
