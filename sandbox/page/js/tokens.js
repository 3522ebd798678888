/**
 * Locker tokens as the bot hands them over: as text, in a QR, or in the fragment of an app link.
 *
 * A token is `{tower: id or null, locker: id or null, payload, payloadAuth}`.
 */

const TEXT = /HARBOR:\/\/OPEN\/([0-9A-F]{16})\/(\d+)\/([0-9A-F]+)\/([0-9A-F]+)/i;
const TOWER = /(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])/i;
const HEX = /^[0-9a-f]+$/i;

/** The token that a text holds, or null. */
export function tokenIn(text) {
  const found = TEXT.exec(text ?? "");
  if (!found) return null;
  const [, tower, locker, payload, payloadAuth] = found;
  return { tower: tower.toLowerCase(), locker: Number(locker), payload, payloadAuth };
}

/** The token of an app link, whose fragment carries `payload` and `payload_auth`; or null. */
export function tokenOfAppLink(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  const fragment = new URLSearchParams(url?.hash.slice(1).replace(/^.*\?/, ""));
  const [payload, payloadAuth] = [fragment.get("payload"), fragment.get("payload_auth")];
  if (url?.protocol !== "https:" || !HEX.test(payload) || !HEX.test(payloadAuth)) return null;
  const asked = (name) => fragment.get(name) ?? url.searchParams.get(name);
  const tower = asked("tower_id") ?? asked("tower") ?? TOWER.exec(url.pathname)?.[0] ?? null;
  const locker = asked("locker_id") ?? asked("locker") ?? lockerAfter(tower, url.pathname);
  return { tower: tower?.toLowerCase() ?? null, locker: locker ? Number(locker) : null, payload, payloadAuth };
}

const lockerAfter = (tower, path) => (tower ? /^\/(\d+)/.exec(path.split(tower)[1])?.[1] : null);

/** The payload is random, so it tells tokens apart. */
export const sameToken = (one, other) => one.payload.toLowerCase() === other.payload.toLowerCase();
