/**
 * The page's frame: a pane for each phone and the tower, tabs on narrow screens, drawers, notices.
 */

import "./clock.js";
import { telegram } from "./api.js";
import { h, icon, iconButton, reconcile, setText } from "./dom.js";
import { countFaults } from "./faults.js";
import "./hint.js";
import "./phone.js";
import { confirmed, openSheet } from "./sheet.js";
import "./tower.js";
import "./wires.js";
import { world } from "./world.js";

const PARTS = ["sender", "recipient"];
const NOTICE_MS = 6000;
const DOCKED = "(min-width: 1900px)";

const stage = document.querySelector("#stage");
const tabs = document.querySelector(".tabs");
const towerPane = stage.querySelector("[data-pane=tower]");
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

/** The first phone stands left of the tower, all others right of it. */
function showPeople() {
  const wanted = new Set(world.people.map(phoneName));
  for (const pane of stage.querySelectorAll(".pane.phone")) {
    if (!wanted.has(pane.dataset.pane)) pane.remove();
  }
  world.people.forEach((person, index) => {
    if (!paneOf(phoneName(person))) {
      stage.insertBefore(phonePane(person), index === 0 ? towerPane : newcomer);
    }
    phoneOf(person.id).showPerson(person, PARTS[index] ?? "");
  });
  showTabs();
  if (!begun) stage.scrollLeft = 0;
  begun = true;
}

function showTabs() {
  const panes = [...stage.querySelectorAll(".pane")].map((pane) => pane.dataset.pane);
  const symbols = { tower: "tower", newcomer: "plus" };
  reconcile(tabs, panes, (name) => name, (name) => h("button", { type: "button",
    dataset: { tab: name }, on: { click: () => (name === "newcomer" ? addPerson() : look(name)) } }, icon(symbols[name] ?? "phone"), h("span", {})),
  (tab, name) => {
    setText(tab.lastElementChild, tabWords(name));
    tab.setAttribute("aria-current", String(inView.has(name)));
    if (inView.has(name)) tab.classList.remove("unread");
  });
}

function tabWords(name) {
  if (name === "tower") return "Tower";
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

/** Bring a pane into view: by name, or by the part a person plays. */
function look(wanted) {
  const person = world.people[PARTS.indexOf(wanted)];
  const pane = paneOf(person ? phoneName(person) : wanted);
  if (!pane) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  pane.scrollIntoView({ behavior: calm ? "instant" : "smooth", inline: "center", block: "nearest" });
}

function addPerson() {
  const name = h("input", { required: true, maxlength: "64", autocomplete: "off", value: "Cleo" });
  const add = async (event) => {
    event.preventDefault();
    dialog.close();
    const person = await world.act(() => telegram.makePerson({ first_name: name.value.trim() }));
    await world.refreshTelegram();
    if (person) look(phoneName(person));
  };
  const dialog = openSheet("Add a person", h("form", { class: "stack", on: { submit: add } },
    h("label", { class: "field" }, "First name", name),
    h("div", { class: "row end" }, h("button", { type: "submit", class: "primary" }, "Add"))));
  name.select();
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

function setDrawer(name, open) {
  for (const button of document.querySelectorAll("[data-drawer]")) {
    const shown = open && button.dataset.drawer === name;
    document.querySelector(`#${button.dataset.drawer}`).hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
  }
}

function furnishDrawers() {
  for (const button of document.querySelectorAll("[data-drawer]")) {
    const drawer = document.querySelector(`#${button.dataset.drawer}`);
    const close = () => {
      setDrawer(button.dataset.drawer, false);
      button.focus();
    };
    const cross = iconButton("close", "Close", close);
    drawer.querySelector("header").append(cross);
    drawer.addEventListener("keydown", (event) => event.key === "Escape" && close());
    button.addEventListener("click", () => {
      const open = drawer.hidden;
      setDrawer(button.dataset.drawer, open);
      if (open) cross.focus();
    });
  }
  if (matchMedia(DOCKED).matches) setDrawer("wires", true);
}

visible.observe(towerPane);
furnishDrawers();
countFaults(document.querySelector("fault-panel"), document.querySelector(".badge"));
document.querySelector("#add-person").addEventListener("click", addPerson);
document.querySelector("#again").addEventListener("click", startAgain);
document.addEventListener("look", (event) => look(event.detail));
world.addEventListener("people", showPeople);
world.addEventListener("chat", ({ detail: id }) => phoneOf(id)?.showChat(world.chats.get(id)));
world.addEventListener("refused", ({ detail }) => notice(detail));
world.addEventListener("connection", showConnection);
world.start();
