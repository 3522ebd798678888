/**
 * The keypad on the face of a tower that has one: keys, and a lamp for each digit typed.
 *
 * Guarantees: works by pointer, by the keys themselves, and by the digits of a real keyboard; says
 * how many digits were typed, never which.
 */

import { h, icon, setText } from "./dom.js";

const ROWS = ["12345", "67890"];
const MOST = 12;

/** The keypad; `type(digits)` is called with what was typed, once Enter is pressed. */
export function keypad(type) {
  let typed = "";
  const lamps = h("span", { class: "lamps", "aria-hidden": "true" });
  const count = h("span", { class: "visually-hidden", role: "status" });
  const show = (digits) => {
    typed = digits.slice(0, MOST);
    setText(lamps, "•".repeat(typed.length));
    setText(count, typed.length ? `${typed.length} typed` : "");
  };
  const enter = () => {
    const digits = typed;
    show("");
    if (digits) type(digits);
  };
  const back = () => show(typed.slice(0, -1));
  const key = (label, face, act) =>
    h("button", { type: "button", "aria-label": label, on: { click: act } }, face);
  const rows = ROWS.map((digits) => [...digits].map((digit) => key(digit, digit, () => show(typed + digit))));
  const own = { Backspace: back, Escape: () => show("") };
  const press = (event) => {
    if (/^\d$/.test(event.key)) show(typed + event.key);
    else if (own[event.key]) own[event.key]();
    else return;
    event.preventDefault();
  };
  return h("div", { class: "keypad", role: "group", "aria-label": "Keypad", on: { keydown: press } },
    h("div", { class: "keypad-keys" },
      ...rows[0], key("Delete a digit", icon("back"), back),
      ...rows[1], key("Enter", icon("enter"), enter), lamps),
    count);
}
