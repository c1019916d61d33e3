// The wall: one card for each device.

import { el, reconcile, soon } from "./dom.js";
import { devices, liveCall, liveSeconds } from "./feed.js";
import { lamp, lampLook } from "./lamp.js";
import { callLink, clock, faultText, languageName, moment, sideName } from "./words.js";

export function wall() {
  const heading = el("h1", { tabIndex: -1 }, "Wall");
  const sums = el("p", { className: "sums" });
  const cards = el("ul", { className: "cards", "aria-label": "Devices" });
  const empty = el(
    "p",
    { className: "empty", hidden: true },
    "No device has connected yet. Make a token with ",
    el("code", {}, "undertone central add-device NAME"),
    " and put it into the device’s configuration.",
  );
  const root = el("div", { className: "wall" }, el("div", { className: "head" }, heading, sums), empty, cards);
  return {
    root,
    heading,
    title: () => "Wall",
    hear: soon(() => draw(cards, sums, empty)),
    tick: () => tick(cards),
  };
}

function draw(cards, sums, empty) {
  const all = [...devices.values()].sort((one, other) => one.device.localeCompare(other.device));
  empty.hidden = all.length > 0;
  const talking = all.filter((device) => device.online && device.call !== null).length;
  const waiting = all.filter((device) => device.online && device.light?.blinking).length;
  sums.textContent = all.length
    ? [count(all.length, "device"), `${talking} on a call`, waiting && `${waiting} waiting to be seen`]
        .filter(Boolean)
        .join(" · ")
    : "";
  const key = (device) => device.device;
  reconcile(cards, all, key, look, card);
  tick(cards);
}

function look(device) {
  const { online, last_seen, rtt_ms, call, last_words, partials, newest_call } = device;
  return [
    online,
    online || last_seen,
    rtt_ms && Math.round(rtt_ms),
    told(device),
    call,
    last_words,
    partials,
    liveCall(device)?.language,
    call === null && newest_call,
    ...lampLook(device),
  ];
}

function card(device) {
  const summary = liveCall(device);
  const target = device.call ?? device.newest_call?.call;
  const name = target
    ? el("a", { href: callLink(device.device, target), "data-focus": "open" }, device.device)
    : device.device;
  return el(
    "li",
    {
      className: "card",
      "data-level": (device.online && device.light?.level) || "unknown",
      "data-device": device.device,
    },
    el("div", { className: "card-head" }, el("h2", {}, name), linkState(device)),
    lamp(device),
    (device.cloned || (device.faults.length > 0 && device.online)) && faults(told(device)),
    device.call === null ? idle(device) : live(device, summary),
  );
}

function linkState(device) {
  const text = device.online
    ? `Online${device.rtt_ms === null ? "" : ` · ${Math.max(1, Math.round(device.rtt_ms))} ms`}`
    : `Offline since ${moment(device.last_seen)}`;
  return el(
    "p",
    { className: "pill", "data-state": device.online ? "live" : "lost" },
    el("span", { className: "dot", "aria-hidden": "true" }),
    text,
  );
}

function told({ cloned, online, faults }) {
  return [...(cloned ? ["cloned"] : []), ...(online ? faults : [])];
}

function faults(names) {
  return el(
    "ul",
    { className: "faults", "aria-label": "Faults" },
    names.map((name) => el("li", {}, `Fault: ${faultText(name)}`)),
  );
}

function idle(device) {
  const last = device.newest_call;
  if (!last) return el("p", { className: "quiet" }, "No call yet");
  return el(
    "p",
    { className: "quiet" },
    `No call now. The last one began ${moment(last.started_at)}, ${clock(last.duration_s)} long.`,
  );
}

function live(device, summary) {
  const words = device.partials.at(-1) ?? device.last_words;
  return el(
    "div",
    { className: "live" },
    el(
      "p",
      { className: "call-line" },
      el("span", {}, device.online ? "On a call" : "Link lost during a call"),
      summary &&
        el("span", { className: "duration", "data-ticks": device.online && device.device }, clock(summary.duration_s)),
      el("span", {}, languageName(summary?.language)),
    ),
    words
      ? el(
          "p",
          { className: words === device.last_words ? "last-words" : "last-words partial" },
          el("span", { className: "who", "data-who": words.who }, sideName(words.who)),
          ` ${words.text}`,
        )
      : el("p", { className: "last-words quiet" }, "Nothing was said yet"),
  );
}

function tick(cards) {
  for (const node of cards.querySelectorAll("[data-ticks]")) {
    const device = devices.get(node.dataset.ticks);
    const summary = device && liveCall(device);
    if (summary) node.textContent = clock(liveSeconds(summary));
  }
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
