/**
 * The page's frame: a pane for each phone and the tower, tabs on narrow screens, drawers, notices.
 */

import "./browser.js";
import "./clock.js";
import { h, icon, reconcile, setText } from "./dom.js";
import { furnishDrawers } from "./drawers.js";
import "./faults.js";
import "./hint.js";
import { followCodes } from "./latest.js";
import { OPERATOR, addPerson } from "./newcomer.js";
import "./phone.js";
import { confirmed } from "./sheet.js";
import "./tower.js";
import "./wires.js";
import { world } from "./world.js";

const PARTS = ["sender", "recipient"];
const NOTICE_MS = 6000;

const stage = document.querySelector("#stage");
const tabs = document.querySelector(".tabs");
const towerPane = stage.querySelector("[data-pane=tower]");
const browserPane = stage.querySelector("[data-pane=browser]");
const newcomer = stage.querySelector("[data-pane=newcomer]");

/** The panes in view, and whether anybody has come on stage yet. */
const inView = new Set();
let begun = false;

const phoneName = (person) => `phone-${person.id}`;
const paneOf = (name) => stage.querySelector(`[data-pane="${name}"]`);
const phoneOf = (id) => stage.querySelector(`sandbox-phone[data-person-id="${id}"]`);

function phonePane(person) {
  const phone = h("sandbox-phone", { dataset: { personId: person.id } });
  const pane = h("section", { class: "pane phone", dataset: { pane: phoneName(person) } }, phone);
  pane.addEventListener("ring", () => {
    if (!inView.has(phoneName(person))) tabOf(phoneName(person))?.classList.add("unread");
  });
  visible.observe(pane);
  return pane;
}

const partOf = (person, index) => (person.id === OPERATOR ? "operator" : PARTS[index] ?? "");

/** The first phone stands left of the tower, all others right of it. */
function showPeople() {
  const wanted = new Set(world.people.map(phoneName));
  for (const pane of stage.querySelectorAll(".pane.phone")) {
    if (!wanted.has(pane.dataset.pane)) pane.remove();
  }
  world.people.forEach((person, index) => {
    if (!paneOf(phoneName(person))) {
      stage.insertBefore(phonePane(person), index === 0 ? towerPane : browserPane);
    }
    phoneOf(person.id).showPerson(person, partOf(person, index));
  });
  showTabs();
  if (!begun) stage.scrollLeft = 0;
  begun = true;
}

function showTabs() {
  const panes = [...stage.querySelectorAll(".pane")].map((pane) => pane.dataset.pane);
  const symbols = { tower: "tower", browser: "globe", newcomer: "plus" };
  const go = (name) => () => (name === "newcomer" ? addPerson() : look(name));
  const make = (name) => h("button", { type: "button", dataset: { tab: name },
    on: { click: go(name) } }, icon(symbols[name] ?? "phone"), h("span", {}));
  reconcile(tabs, panes, (name) => name, make, (tab, name) => {
    setText(tab.lastElementChild, tabWords(name));
    tab.setAttribute("aria-current", String(inView.has(name)));
    if (inView.has(name)) tab.classList.remove("unread");
  });
}

function tabWords(name) {
  if (name === "tower") return "Tower";
  if (name === "browser") return "Browser";
  if (name === "newcomer") return "Add";
  return world.people.find((person) => phoneName(person) === name)?.first_name ?? "";
}

const tabOf = (name) => tabs.querySelector(`[data-tab="${name}"]`);

const visible = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) inView.add(target.dataset.pane);
    else inView.delete(target.dataset.pane);
  }
  showTabs();
}, { root: stage, threshold: 0.6 });

/** The browser comes on stage when somebody opens it. */
function showBrowser(there) {
  browserPane.hidden = !there;
  document.querySelector("#open-browser").hidden = there;
  showTabs();
}

/** Bring a pane into view: by name, or by the part a person plays. */
function look(wanted) {
  if (wanted === "browser") showBrowser(true);
  const person = world.people[PARTS.indexOf(wanted)];
  const pane = paneOf(person ? phoneName(person) : wanted);
  if (!pane) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  pane.scrollIntoView({ behavior: calm ? "instant" : "smooth", inline: "center", block: "nearest" });
}

async function startAgain() {
  const sure = await confirmed("Start again?",
    "People, chats, parcels and faults are put back to the beginning. The clock stays.",
    "Start again", "Keep playing");
  if (sure) await world.reset();
}

function notice(words) {
  const line = h("p", {}, words);
  document.querySelector(".notices").append(line);
  setTimeout(() => line.remove(), NOTICE_MS);
}

function showConnection() {
  const line = document.querySelector(".connection");
  const lost = Object.entries(world.online).filter(([, online]) => !online).map(([side]) => side);
  line.hidden = lost.length === 0;
  if (lost.length) setText(line, "The sandbox does not answer. Reconnecting…");
}

visible.observe(towerPane);
visible.observe(browserPane);
furnishDrawers();
followCodes();
document.querySelector("#add-person").addEventListener("click", addPerson);
document.querySelector("#again").addEventListener("click", startAgain);
document.querySelector("#open-browser").addEventListener("click", () => look("browser"));
document.addEventListener("browse", ({ detail }) => {
  look("browser");
  browserPane.firstElementChild.open(detail);
});
browserPane.addEventListener("leave", () => showBrowser(false));
document.addEventListener("look", (event) => look(event.detail));
world.addEventListener("people", showPeople);
world.addEventListener("chat", ({ detail: id }) => phoneOf(id)?.showChat(world.chats.get(id)));
world.addEventListener("refused", ({ detail }) => notice(detail));
world.addEventListener("connection", showConnection);
world.start();
