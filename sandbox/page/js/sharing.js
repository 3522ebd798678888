/**
 * Opening a deep link in a phone, and choosing whose.
 */

import { telegram } from "./api.js";
import { h, icon } from "./dom.js";
import { openSheet } from "./sheet.js";
import { world } from "./world.js";

/** Open a deep link in somebody's phone, and look there. */
export async function openAt(person, link) {
  await world.act(() => telegram.open(person, link));
  document.dispatchEvent(new CustomEvent("look", { detail: `phone-${person}` }));
}

/** Whose phone is a link to this bot to be opened in? Telegram's share dialog, for one. */
export function offerPeople(title, link) {
  const dialog = openSheet(title, h("div", { class: "stack" }, world.people.map((person) =>
    h("button", { type: "button", on: { click: () => { dialog.close(); openAt(person.id, link); } } },
      icon("person"), `Open in ${person.first_name}’s phone`))));
}
