/**
 * Building and keeping DOM: elements by function call, lists that are brought up to date in place.
 *
 * Guarantees: an element whose key stays is never replaced, so focus, scroll and animations live on.
 */

const SVG = "http://www.w3.org/2000/svg";

function assign(element, props) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "dataset") {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
}

/** An HTML element: `h("p", {class: "x", on: {click}}, "text", child, null)`. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  assign(element, props);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An SVG element, with the same signature as `h`. */
export function s(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  assign(element, props);
  element.append(...children.flat().filter(Boolean));
  return element;
}

/** A decorative icon of the sprite `icons.svg`. */
export function icon(name) {
  return s("svg", { class: "icon", "aria-hidden": "true", viewBox: "0 0 24 24" },
    s("use", { href: `/icons.svg#${name}` }));
}

/** A button with an icon, named for those who do not see it. */
export function iconButton(name, label, click, props = {}) {
  return h("button", {
    type: "button", class: "icon-button", "aria-label": label, title: label, on: { click }, ...props,
  }, icon(name));
}

/** Set text only when it differs, so that live regions speak only of what is new. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make `parent`'s children the elements for `items`, in order, creating, updating and removing only
 * what must be. `create(item)` makes an element, `update(element, item)` fills it.
 */
export function reconcile(parent, items, keyOf, create, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map((item) => String(keyOf(item))));
  for (const [key, child] of before) if (!wanted.has(key)) child.remove();
  let cursor = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = before.get(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    update?.(element, item);
    if (element === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(element, cursor);
  }
}
