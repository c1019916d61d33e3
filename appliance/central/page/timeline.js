// The whole call as one bar: who spoke when, what was not heard, and where the alerts were raised.

import { el, reconcile } from "./dom.js";
import { alertState } from "./conversation.js";
import { stressLine } from "./measures.js";
import { clock, levelName, title } from "./words.js";

const STEPS_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** `choose(alert)` is called when a marker is chosen, `show(seconds)` when the bar is clicked. */
export function timeline(choose, show) {
  const markers = el("div", { className: "markers" });
  const lanes = { agent: lane("agent"), caller: lane("caller") };
  const stress = stressLine();
  const holes = el("div", { className: "holes" });
  const axis = el("div", { className: "axis", "aria-hidden": "true" });
  const bar = el(
    "div",
    { className: "bar", "aria-hidden": "true", onclick: (event) => show(pointed(event, bar)) },
    el("div", { className: "lanes" }, lanes.agent, lanes.caller, holes),
    stress.root,
  );
  const root = el("section", { className: "timeline", "aria-label": "Timeline" }, markers, bar, axis);
  let length_s = 1;

  function pointed(event, node) {
    const box = node.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * length_s;
  }

  return {
    root,
    draw(call, partials, duration_s) {
      length_s = Math.max(1, duration_s);
      const speech = [...call.utterances.values(), ...partials];
      for (const who of ["agent", "caller"])
        spans(
          lanes[who],
          speech.filter((item) => item.who === who),
          length_s,
          (item) => `${item.number ?? `p${item.utterance}`}`,
          (item) => (item.number ? "speech" : "speech partial"),
        );
      spans(
        holes,
        call.others.filter((event) => HOLES.has(event.type)),
        length_s,
        (gap) => gap.seq,
        (gap) => `hole ${gap.who} ${gap.type}`,
      );
      stress.draw(call, length_s);
      ticks(axis, length_s);
      drawMarkers(markers, [...call.alerts.values()], length_s, choose);
    },
  };
}

/** Stretches of a call that were not heard: lost, or withheld by wish. */
const HOLES = new Set(["gap", "muted", "paused"]);

function lane(who) {
  return el("div", { className: "lane", "data-who": who });
}

function spans(parent, items, length_s, key, className) {
  reconcile(parent, items, key, className, (item) => el("span", { className: className(item) }));
  items.forEach((item, index) => {
    const node = parent.children[index];
    node.style.left = `${(item.start_s / length_s) * 100}%`;
    node.style.width = `${(Math.max(0.2, item.end_s - item.start_s) / length_s) * 100}%`;
  });
}

function ticks(axis, length_s) {
  const step = STEPS_S.find((seconds) => length_s / seconds <= 8) ?? 7200;
  const times = Array.from({ length: Math.floor(length_s / step) + 1 }, (_, index) => index * step);
  reconcile(
    axis,
    times,
    (time) => `${time}`,
    (time) => time,
    (time) => el("span", {}, clock(time)),
  );
  times.forEach((time, index) => {
    axis.children[index].style.left = `${(time / length_s) * 100}%`;
  });
}

function drawMarkers(markers, alerts, length_s, choose) {
  const make = (alert) =>
    el("button", {
      type: "button",
      className: "marker",
      "data-level": alert.level,
      "data-state": alertState(alert),
      "data-focus": "marker",
      "aria-label": `${levelName(alert.level)}: ${title(alert.rule)} at ${clock(alert.end_s)}`,
      title: `${clock(alert.end_s)} ${title(alert.rule)}`,
      onclick: () => choose(alert.alert),
    });
  reconcile(
    markers,
    alerts,
    (alert) => alert.alert,
    (alert) => [alert.level, alertState(alert), alert.end_s],
    make,
  );
  alerts.forEach((alert, index) => {
    markers.children[index].style.left = `${(alert.end_s / length_s) * 100}%`;
  });
}
