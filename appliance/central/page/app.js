// The frame of the page: which view is open, the state of the link, and what is said to screen readers.

import { audit } from "./audit.js";
import { call } from "./call.js";
import { calls } from "./calls.js";
import { devices, link, listen } from "./feed.js";
import { fleet } from "./fleet.js";
import { me, signOut } from "./me.js";
import { wall } from "./wall.js";
import { clock, levelName, timeOfDay, title } from "./words.js";

const main = document.getElementById("main");
let view = null;

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  const first = view === null;
  const place = ["calls", "fleet", "audit"].includes(parts[0]) ? parts[0] : "wall";
  view = { wall, fleet, audit, calls: () => (parts.length >= 3 ? call(parts[1], parts.slice(2).join("/")) : calls()) }[place]();
  main.replaceChildren(view.root);
  for (const anchor of document.querySelectorAll("[data-nav]")) {
    if (anchor.dataset.nav === place) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  if (link.heard !== null) view.hear("snapshot", null);
  setTitle();
  if (!first) {
    scrollTo({ top: 0 });
    view.heading.focus({ preventScroll: true });
  }
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function setTitle() {
  const waiting = [...devices.values()].filter((device) => device.online && device.light?.blinking).length;
  document.title = `${waiting ? `(${waiting}) ` : ""}${view.title()} – Undertone`;
}

function showLink() {
  const names = { live: "Live", lost: "Reconnecting", waiting: "Connecting" };
  document.getElementById("link").dataset.state = link.state;
  document.getElementById("link-text").textContent = names[link.state];
  const lost = document.getElementById("lost");
  lost.hidden = link.state !== "lost";
  const known = link.heard === null ? "" : ` What you see is from ${timeOfDay(link.heard)}.`;
  const text = `Connection to the server lost, reconnecting.${known}`;
  if (!lost.hidden && lost.textContent !== text) lost.textContent = text;
}

/** Say a new alert aloud, wherever the reader is on the page. */
function announce({ device, event }) {
  if (event.type !== "alert") return;
  const region = document.getElementById(event.level === "urgent" ? "urgent" : "polite");
  region.textContent = `${levelName(event.level)} on ${device}: ${title(event.rule)}, at ${clock(event.end_s)}`;
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
const person = await me();
const signOutButton = document.getElementById("sign-out");
signOutButton.title = `Signed in as ${person.name}`;
signOutButton.hidden = false;
signOutButton.addEventListener("click", signOut);
const is = (role) => person.roles.includes(role);
document.getElementById("fleet-link").hidden = !is("administrator") && !is("supervisor");
document.getElementById("audit-link").hidden = !is("auditor");
if (!is("supervisor") && !["#/fleet", "#/audit"].includes(location.hash)) {
  location.hash = is("administrator") ? "#/fleet" : is("auditor") ? "#/audit" : "#/";
}
addEventListener("hashchange", route);
route();
if (is("supervisor")) {
  listen((kind, data) => {
    if (kind === "link") showLink();
    if (kind === "event") announce(data);
    view.hear(kind, data);
    setTitle();
  });
} else {
  document.getElementById("link-text").textContent = "No calls are yours to see";
}
setInterval(() => view.tick(), 1000);
