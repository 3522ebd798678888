/**
 * The tower that the newest way to open a door is for, whichever chat it came to.
 *
 * Event (on `document`): `tower-wanted` (detail: tower id), once for each message.
 */

import { harbor } from "./api.js";
import { lockerOpenLink, tokenOf } from "./links.js";
import { world } from "./world.js";

/** By chat: the newest message that has been followed. */
const followed = new Map();

async function towerOf(message) {
  const token = tokenOf(message);
  if (token) return token.tower;
  return (await harbor.lookAtLink(lockerOpenLink(message)).catch(() => null))?.tower;
}

async function follow(id) {
  const message = world.chats.get(id)?.messages
    .findLast((one) => !one.outgoing && (tokenOf(one) || lockerOpenLink(one)));
  if (!message || message.message_id <= (followed.get(id) ?? 0)) return;
  followed.set(id, message.message_id);
  const tower = await towerOf(message);
  if (tower) document.dispatchEvent(new CustomEvent("tower-wanted", { detail: tower }));
}

/** Begin to follow. */
export function followCodes() {
  world.addEventListener("chat", ({ detail }) => follow(detail));
}
