/**
 * Maps without a map server: towers and places as points on a calm ground, drawn to scale.
 */

import { h, s } from "./dom.js";
import { markOf, nameOf } from "./towers.js";

export const WIDTH = 640;
export const HEIGHT = 420;
const MARGIN = 0.18;
const LEAST_SPAN = 0.02;
const BESIDE = 27;

const middle = (low, high) => (low + high) / 2;

/** Latitude and longitude to and from the drawing, such that all `points` fit with a margin. */
export function projection(points, width = WIDTH, height = HEIGHT) {
  const lats = points.map((point) => point.latitude);
  const lons = points.map((point) => point.longitude);
  const lat = middle(Math.min(...lats), Math.max(...lats));
  const lon = middle(Math.min(...lons), Math.max(...lons));
  const squeeze = Math.max(0.1, Math.cos((lat * Math.PI) / 180));
  const tall = Math.max(LEAST_SPAN, Math.max(...lats) - Math.min(...lats));
  const wide = Math.max(LEAST_SPAN, (Math.max(...lons) - Math.min(...lons)) * squeeze);
  const scale = (1 - 2 * MARGIN) * Math.min(width / wide, height / tall);
  return {
    toXY: (point) => [
      width / 2 + (point.longitude - lon) * squeeze * scale,
      height / 2 - (point.latitude - lat) * scale,
    ],
    toPlace: (x, y) => ({
      latitude: lat - (y - height / 2) / scale,
      longitude: lon + (x - width / 2) / (squeeze * scale),
    }),
    kilometre: scale / 111.32,
  };
}

export const placeOf = (tower) => ({ latitude: tower.location.lat, longitude: tower.location.lon });

/** The water and streets of nowhere in particular: a calm ground for the points. */
export function ground(width, height) {
  const shore = `M0 ${height * 0.93} C ${width * 0.2} ${height * 0.84}, ${width * 0.34} ${height},
    ${width * 0.56} ${height * 0.95} S ${width * 0.86} ${height * 0.8}, ${width} ${height * 0.88}
    V ${height} H 0 Z`;
  const streets = [];
  for (let at = width / 12; at < width; at += width / 6) {
    streets.push(s("path", { d: `M${at} 0 L${at - width / 18} ${height}` }));
  }
  for (let at = height / 10; at < height; at += height / 5) {
    streets.push(s("path", { d: `M0 ${at} L${width} ${at - height / 14}` }));
  }
  return s("g", { class: "ground" },
    s("rect", { width, height, class: "land" }),
    s("g", { class: "streets" }, streets),
    s("path", { d: shore, class: "water" }));
}

/** A pin whose point is at `[x, y]`. */
export function pin([x, y], className) {
  return s("g", { class: `pin ${className}`, transform: `translate(${x} ${y})` },
    s("ellipse", { cx: 0, cy: 0, rx: 7, ry: 3, class: "pin-shade" }),
    s("path", { d: "M0 0 C-4-9-12-13-12-22 A12 12 0 1 1 12-22 C12-13 4-9 0 0Z" }),
    s("circle", { cx: 0, cy: -22, r: 4.5 }));
}

/** A venue or location as a chat shows it: a little map with a pin, and what the place is called. */
export function mapPin(location, title, address) {
  const drawing = s("svg", { viewBox: "0 0 260 120", class: "map", "aria-hidden": "true" },
    ground(260, 120), pin([130, 74], "here"));
  const place = `${location.latitude.toFixed(4)}, ${location.longitude.toFixed(4)}`;
  return h("figure", { class: "place" }, drawing,
    h("figcaption", {}, h("strong", {}, title), h("span", {}, address ?? place)));
}

/** The towers of the same city: those that fit on one map. */
export const nearby = (towers, tower) =>
  towers.filter((other) => other.location.city === tower.location.city);

/** The small map of the tower pane: where the city's towers are, and which of them is looked at. */
export function drawTowers(svg, towers, current) {
  const { toXY } = projection(towers.map(placeOf), 132, 72);
  svg.replaceChildren(ground(132, 72), ...towers.map((tower) => {
    const [cx, cy] = toXY(placeOf(tower));
    const here = tower === current;
    return s("circle", { cx, cy, r: here ? 6 : 4, class: here ? "dot current" : "dot" });
  }));
}

/** How long a kilometre, or a round number of them, is on this map. */
export function scaleBar(kilometre) {
  const length = [0.1, 0.2, 0.5, 1, 2, 5, 10, 50, 100, 500, 1000]
    .find((candidate) => candidate * kilometre > 60) ?? 2000;
  const x = 20;
  const y = HEIGHT - 20;
  return s("g", { class: "scale" },
    s("path", { d: `M${x} ${y - 5} v5 h${length * kilometre} v-5` }),
    s("text", { x, y: y - 10 }, `${length} km`));
}

/**
 * A tower that can be clicked, and pressed by keyboard; its place's name stands below it, or `above`.
 * One of several at a place stands `beside` so many others, below the one name.
 */
function towerSign(tower, [left, y], { above, beside }, choose) {
  const x = left + beside * BESIDE;
  const name = nameOf(tower);
  const mark = markOf(tower)?.words;
  const sign = s("g", {
    class: "tower-sign", tabindex: "0", role: "button", "aria-label": [name, mark].filter(Boolean).join(", "),
    transform: `translate(${x} ${y})`,
  },
  s("rect", { x: -11, y: -30, width: 22, height: 30, rx: 4 }),
  s("path", { d: "M-5-23h10M-5-15h10M-5-7h10" }),
  beside ? null : s("text", { y: above ? (mark ? -56 : -40) : 18 }, tower.location.name),
  mark && !beside ? s("text", { y: above ? -40 : 34, class: "opener" }, mark.toLowerCase()) : null);
  sign.addEventListener("click", (event) => {
    event.stopPropagation();
    choose();
  });
  sign.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  });
  return sign;
}

/** Signs for `towers`, named such that a tower further down does not lose its name to another's. */
export function towerSigns(towers, toXY, choose) {
  const places = towers.map((tower) => toXY(placeOf(tower)));
  return towers.map((tower, index) => {
    const [x, y] = places[index];
    const above = places.some(([left, top]) => top > y && top - y < 70 && Math.abs(left - x) < 180);
    const beside = towers.slice(0, index).filter((other) => other.location.id === tower.location.id).length;
    return towerSign(tower, [x, y], { above, beside }, () => choose(tower));
  });
}
