/**
 * What stands between a phone and a door, and how to get it out of the way.
 */

import { handsets } from "./handsets.js";
import { nameOf } from "./towers.js";

const OBSTACLES = [
  {
    there: (phone, tower) => phone.at !== tower.id,
    words: (tower) => `This phone is not within three metres of ${nameOf(tower)}.`,
    label: "Walk to the tower",
    symbol: "walk",
    change: (tower) => ({ at: tower.id }),
  },
  {
    there: (phone) => !phone.bluetooth,
    words: () => "Bluetooth is off. A tower hears a phone by Bluetooth only.",
    label: "Turn Bluetooth on",
    symbol: "bluetooth",
    change: () => ({ bluetooth: true }),
  },
];

/** The first thing that keeps the phone from opening a door of `tower`, as `{words, action}`; or null. */
export function obstacle(person, tower) {
  const found = OBSTACLES.find(({ there }) => there(handsets.of(person), tower));
  return found ? {
    words: found.words(tower),
    action: {
      label: found.label,
      symbol: found.symbol,
      act: () => handsets.change(person, found.change(tower)),
    },
  } : null;
}
