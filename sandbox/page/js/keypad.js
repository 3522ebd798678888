/**
 * The keypad beside the reader: digits typed here go to the tower as one code.
 */

import { h, icon } from "./dom.js";

/** A form; `type(digits)` is called with what was typed, once Enter is pressed. */
export function keypad(type) {
  const digits = h("input", { type: "text", inputmode: "numeric", pattern: "[0-9]*", maxlength: "12",
    autocomplete: "off", "aria-label": "Keypad code", placeholder: "Keypad" });
  const submit = (event) => {
    event.preventDefault();
    const typed = digits.value.trim();
    digits.value = "";
    if (typed) type(typed);
  };
  return h("form", { class: "keypad", on: { submit } }, digits,
    h("button", { type: "submit", "aria-label": "Type it on the keypad" }, icon("keypad")));
}
