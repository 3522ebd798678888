/**
 * What a tower is called, and by what it opens.
 */

import { world } from "./world.js";

/** The mark on a tower, by the opener that the bot's settings say. */
const MARKS = {
  link: { words: "Opens by link", symbol: "link" },
  keypad: { words: "By link or keypad", symbol: "keypad" },
  token: { words: "By the door app", symbol: "key" },
};

/** `{words, symbol}` for a tower, or null when nobody has said how it opens. */
export const markOf = (tower) => MARKS[world.openers[tower.id]] ?? null;

/** A tower's place; where several stand together, with the tower's own name. */
export function nameOf(tower) {
  const together = world.towers.filter((other) => other.location.id === tower.location.id);
  return together.length > 1 ? `${tower.location.name} · ${tower.name}` : tower.location.name;
}

export const towerBy = (id) =>
  world.towers.find((tower) => tower.id.toLowerCase() === id?.toLowerCase()) ?? null;

/** "14" for a locker's id, or null when that tower has no such locker. */
export const doorName = (tower, locker) =>
  tower?.lockers.find((one) => one.id === Number(locker))?.name ?? null;
