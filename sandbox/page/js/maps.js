/**
 * The large maps: choose a tower, or choose where a person stands and share it.
 *
 * Guarantees: whatever can be clicked can also be done by keyboard; one map shows one city.
 */

import { h, icon, s, reconcile } from "./dom.js";
import { HEIGHT, WIDTH, ground, pin, placeOf, projection, scaleBar, towerSigns } from "./map.js";
import { openSheet } from "./sheet.js";

/** Buttons for the cities; `draw(towers)` is called for the one chosen, at first `tower`'s. */
function cityChooser(towers, tower, draw) {
  const cities = [...new Set(towers.map((one) => one.location.city))];
  const row = h("div", { class: "row cities", role: "group", "aria-label": "City" });
  const choose = (city) => {
    reconcile(row, cities, (name) => name,
      (name) => h("button", { type: "button", class: "small", on: { click: () => choose(name) } }, name),
      (button, name) => button.setAttribute("aria-pressed", String(name === city)));
    draw(towers.filter((one) => one.location.city === city));
  };
  choose(tower.location.city);
  return row;
}

const canvas = (props) => s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "map large", ...props });

/** Choose a tower on a large map: `choose(tower id)`. */
export function openTowerMap(towers, current, choose) {
  const drawing = canvas({ role: "group", "aria-label": "Map of the towers" });
  const draw = (shown) => {
    const { toXY, kilometre } = projection(shown.map(placeOf));
    drawing.replaceChildren(ground(WIDTH, HEIGHT), scaleBar(kilometre),
      ...towerSigns(shown, toXY, (tower) => {
        dialog.close();
        choose(tower.id);
      }));
  };
  const dialog = openSheet("Towers", [cityChooser(towers, current, draw), drawing]);
}

const STEPS = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] };

/** A map on which one pin is moved about, by pointer, by arrow keys, or onto a tower. */
class StandingMap {
  #me = s("g", {});
  #at;
  #projection;

  constructor(name) {
    this.drawing = canvas({ tabindex: "0", role: "application",
      "aria-label": `Where ${name} is: move with the arrow keys` });
    this.drawing.addEventListener("click", (event) => this.#click(event));
    this.drawing.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The place of the pin, as latitude and longitude. */
  get place() {
    return this.#projection.toPlace(...this.#at);
  }

  draw(towers) {
    this.#projection = projection(towers.map(placeOf));
    const { toXY, kilometre } = this.#projection;
    this.drawing.replaceChildren(ground(WIDTH, HEIGHT), scaleBar(kilometre),
      ...towerSigns(towers, toXY, (tower) => this.#stand(...toXY(placeOf(tower)))), this.#me);
    this.#stand(WIDTH * 0.45, HEIGHT * 0.42);
  }

  #stand(x, y) {
    this.#at = [Math.min(WIDTH, Math.max(0, x)), Math.min(HEIGHT, Math.max(0, y))];
    this.#me.replaceChildren(pin(this.#at, "here"));
  }

  #click(event) {
    const box = this.drawing.getBoundingClientRect();
    this.#stand(((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * HEIGHT);
  }

  #key(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.#stand(this.#at[0] + step[0], this.#at[1] + step[1]);
  }
}

/** Choose where `name` stands, near `tower` at first, and share it: `share({latitude, longitude})`. */
export function openLocationMap(name, towers, tower, share) {
  const map = new StandingMap(name);
  const send = () => {
    dialog.close();
    share(map.place);
  };
  const dialog = openSheet(`Where is ${name}?`, [
    h("p", { class: "quiet" }, "Click a place, or move the pin with the arrow keys."),
    cityChooser(towers, tower, (shown) => map.draw(shown)),
    map.drawing,
    h("div", { class: "row end" }, h("button", { type: "button", class: "primary", on: { click: send } },
      icon("pin"), "Share this location"))]);
}
