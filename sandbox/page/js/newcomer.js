/**
 * One more person on the stage: a name, and whether they are the bot's operator.
 */

import { telegram } from "./api.js";
import { h } from "./dom.js";
import { openSheet } from "./sheet.js";
import { world } from "./world.js";

/** The id that the sandbox tells its bot to obey as operator's. */
export const OPERATOR = 1000;

const NAMES = ["Cleo", "Dario", "Ewa", "Femi"];

async function join(name, operator) {
  const details = { first_name: name, ...(operator ? { id: OPERATOR } : {}) };
  const person = await world.act(() => telegram.makePerson(details));
  await world.refreshTelegram();
  if (person) document.dispatchEvent(new CustomEvent("look", { detail: `phone-${person.id}` }));
}

/** Ask who it is to be, and give them a phone. */
export function addPerson() {
  const taken = world.people.map((person) => person.first_name);
  const name = h("input", { required: true, maxlength: "64", autocomplete: "off",
    value: NAMES.find((one) => !taken.includes(one)) ?? "" });
  const operator = h("input", { type: "checkbox", disabled: Boolean(world.person(OPERATOR)) });
  const submit = (event) => {
    event.preventDefault();
    dialog.close();
    join(name.value.trim(), operator.checked);
  };
  const dialog = openSheet("Add a person", h("form", { class: "stack", on: { submit } },
    h("label", { class: "field" }, "First name", name),
    h("label", { class: "check" }, operator, "The bot’s operator (/ops)"),
    h("div", { class: "row end" }, h("button", { type: "submit", class: "primary" }, "Add"))));
  name.select();
}
