/**
 * The drawers beside the stage: one open at a time, closed with Escape, focus given back.
 */

import { iconButton, setText } from "./dom.js";

/** From here on the wires have a place of their own and need not cover anything. */
const DOCKED = "(min-width: 1900px)";

const buttons = [...document.querySelectorAll("[data-drawer]")];
const drawerOf = (button) => document.querySelector(`#${button.dataset.drawer}`);

function show(wanted) {
  for (const button of buttons) {
    drawerOf(button).hidden = button !== wanted;
    button.setAttribute("aria-expanded", String(button === wanted));
  }
}

function furnish(button) {
  const drawer = drawerOf(button);
  const close = () => {
    show(null);
    button.focus();
  };
  const cross = iconButton("close", "Close", close);
  drawer.querySelector("header").append(cross);
  drawer.addEventListener("keydown", (event) => event.key === "Escape" && close());
  button.addEventListener("click", () => {
    if (!drawer.hidden) return close();
    show(button);
    return cross.focus();
  });
}

/** Make the buttons open their drawers, and let the one of the faults count them. */
export function furnishDrawers() {
  buttons.forEach(furnish);
  if (matchMedia(DOCKED).matches) show(buttons.find((button) => button.dataset.drawer === "wires"));
  const badge = document.querySelector(".badge");
  document.querySelector("fault-panel").addEventListener("count", ({ detail }) => {
    setText(badge, String(detail));
    badge.hidden = detail === 0;
  });
}
