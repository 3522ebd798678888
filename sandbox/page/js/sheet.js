/**
 * Dialogs over the page: named, closed with Escape, focus given back to where it came from.
 */

import { h, iconButton } from "./dom.js";

/** Show `content` in a modal dialog called `title`; answers the dialog, which is gone once closed. */
export function openSheet(title, content, { className = "" } = {}) {
  const dialog = h("dialog", { class: `sheet ${className}`, "aria-label": title });
  const close = () => dialog.close();
  dialog.append(
    h("header", {}, h("h2", {}, title), iconButton("close", "Close", close)),
    h("div", { class: "sheet-body" }, content));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A picture as large as the window allows. */
export function openPicture(url, title) {
  openSheet(title, h("img", { src: url, alt: title, class: "picture" }), { className: "picture-sheet" });
}

/** Ask before something that cannot be taken back. Resolves to whether it was confirmed. */
export function confirmed(title, words, yes, no) {
  return new Promise((resolve) => {
    let answer = false;
    const choose = (value) => () => {
      answer = value;
      dialog.close();
    };
    const buttons = h("div", { class: "row end" },
      h("button", { type: "button", on: { click: choose(false) } }, no),
      h("button", { type: "button", class: "primary", on: { click: choose(true) } }, yes));
    const dialog = openSheet(title, [h("p", {}, words), buttons]);
    dialog.addEventListener("close", () => resolve(answer));
  });
}
