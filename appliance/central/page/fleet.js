// The fleet: one row for each box, with what is wrong with it and why; filtered and sorted here.

import { el, reconcile } from "./dom.js";
import { boxOrders } from "./box_orders.js";
import { certificate, COLUMNS, level, program, seen, SEVERITY, stateName } from "./fleet_words.js";
import { release } from "./release.js";
import { refusals } from "./refusals.js";

const ASK_EVERY_S = 5;

// What was filtered and sorted stays while one looks at a call and comes back.
const chosen = { text: "", state: "", version: "", sort: "state", down: false };

export function fleet() {
  let boxes = [];
  let now = Date.now();
  let waited = 0;
  const heading = el("h1", { tabIndex: -1 }, "Fleet");
  const sums = el("p", { className: "sums", role: "status" });
  const note = el("p", { className: "empty", role: "status" }, "Reading…");
  const rows = el("tbody");
  const search = el("input", {
    id: "fleet-search",
    type: "search",
    value: chosen.text,
    placeholder: "Name, serial number, team, reason",
    oninput: () => choose({ text: search.value }),
  });
  const states = el("select", { id: "fleet-state", onchange: () => choose({ state: states.value }) });
  const versions = el("select", { id: "fleet-version", onchange: () => choose({ version: versions.value }) });
  const heads = COLUMNS.map((column) => head(column, () => sortBy(column.name)));
  const filters = el(
    "form",
    { className: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    el("p", {}, el("label", { for: "fleet-search" }, "Find "), search),
    el("p", {}, el("label", { for: "fleet-state" }, "State "), states),
    el("p", {}, el("label", { for: "fleet-version" }, "Program "), versions),
  );
  const results = el("div");
  const knocks = refusals();
  const newest = release();
  const doing = el("th", { scope: "col" }, "Do");
  const table = el("table", { className: "fleet" }, el("thead", {}, el("tr", {}, heads, doing)), rows);
  const root = el(
    "div",
    {},
    el("div", { className: "head" }, heading, sums),
    newest.root,
    filters,
    results,
    el("div", { className: "scroll", role: "region", "aria-label": "Boxes", tabIndex: 0 }, table),
    note,
    knocks.root,
  );

  async function load() {
    knocks.load();
    try {
      const answer = await fetch("/api/fleet");
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
      boxes = told.boxes;
      now = Date.parse(told.server_time);
      draw();
      await newest.load();
    } catch {
      note.textContent = "The fleet could not be read. It is tried again.";
      note.hidden = false;
    }
  }

  function choose(change) {
    Object.assign(chosen, change);
    draw();
  }

  function sortBy(name) {
    choose(chosen.sort === name ? { down: !chosen.down } : { sort: name, down: false });
  }

  function draw() {
    offer(states, "All states", [...counted(boxes, (box) => box.state)].sort(bySeverity), stateName, chosen.state);
    offer(versions, "All programs", [...counted(boxes, program)].sort(), (name) => name, chosen.version);
    const shown = sorted(boxes.filter(fits), chosen);
    reconcile(rows, shown, (box) => box.device, (box) => look(box, now), (box) => row(box, now, results));
    for (const [index, column] of COLUMNS.entries()) {
      const order = chosen.sort === column.name ? (chosen.down ? "descending" : "ascending") : null;
      if (order) heads[index].setAttribute("aria-sort", order);
      else heads[index].removeAttribute("aria-sort");
    }
    const well = boxes.filter((box) => box.state === "ok").length;
    sums.textContent = `${shown.length} of ${boxes.length} shown · ${well} well`;
    note.textContent = boxes.length ? "No box fits." : "No box is known yet: undertone fleet prepare, or claim new.";
    note.hidden = shown.length > 0;
  }

  load();
  return {
    root,
    heading,
    title: () => "Fleet",
    hear() {},
    tick() {
      if (++waited < ASK_EVERY_S || document.hidden) return;
      waited = 0;
      load();
    },
  };
}

function head({ name, title, unit, numeric }, sort) {
  const button = el("button", { type: "button", className: "sort", onclick: sort, "data-focus": name }, title);
  return el("th", { scope: "col", className: numeric ? "figure" : "" }, button, unit && el("small", {}, ` ${unit}`));
}

function fits(box) {
  const { text, state, version } = chosen;
  if ((state && box.state !== state) || (version && program(box) !== version)) return false;
  const told = [box.device, box.serial, box.team, ...box.conditions.map((each) => each.why)].join("\n").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => told.includes(word));
}

/** Sort by a column. What is not known comes last, up or down; boxes that are alike come by name. */
function sorted(boxes, { sort, down }) {
  const { value } = COLUMNS.find((column) => column.name === sort);
  const order = (one, other) => {
    const [a, b] = [value(one), value(other)];
    if ((a ?? null) === null || (b ?? null) === null) return ((a ?? null) === null) - ((b ?? null) === null);
    const way = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
    return down ? -way : way;
  };
  return boxes.sort(
    (one, other) => order(one, other) || one.device.localeCompare(other.device, "en", { numeric: true }),
  );
}

function counted(boxes, name) {
  const counts = new Map();
  for (const box of boxes) counts.set(name(box), (counts.get(name(box)) ?? 0) + 1);
  return counts;
}

const bySeverity = ([one], [other]) => SEVERITY(one) - SEVERITY(other);

function offer(select, all, counts, say, value) {
  const options = [["", null], ...counts];
  reconcile(
    select,
    options,
    ([name]) => name,
    (option) => option,
    ([name, count]) => el("option", { value: name }, name ? `${say(name)} (${count})` : all),
  );
  select.value = value;
  if (select.selectedIndex < 0) {
    // Nothing of what was chosen is there any more; the choice must not hide the rest unseen.
    select.append(el("option", { value, "data-key": value }, `${say(value)} (0)`));
    select.value = value;
  }
}

function look(box, now) {
  return [box, seen(box, now), certificate(box, now)];
}

function row(box, now, results) {
  const health = box.health ?? {};
  const figure = (text) => el("td", { className: "figure" }, text ?? "–");
  const rounded = (number) => (typeof number === "number" ? String(Math.round(number)) : null);
  return el(
    "tr",
    { "data-online": box.online },
    el("th", { scope: "row" }, box.device, box.team && el("small", {}, ` ${box.team}`)),
    el(
      "td",
      { className: "condition" },
      el("span", { className: "tag", "data-level": level(box.state) }, stateName(box.state)),
      el("ul", {}, box.conditions.map(({ why }) => el("li", {}, why))),
    ),
    el("td", {}, seen(box, now)),
    el("td", {}, program(box)),
    figure(rounded(health.temperature_c)),
    el("td", {}, health.throttled === true ? "yes" : health.throttled === false ? "no" : "–"),
    figure(rounded(health.waiting_events)),
    figure(rounded(health.words_per_min)),
    el("td", { className: "figure" }, levels(health.level_dbfs)),
    el("td", {}, certificate(box, now)),
    el("td", { className: "doing" }, box.online && boxOrders(box.device, results)),
  );
}

function levels(told) {
  const sides = Object.entries(told ?? {});
  if (!sides.length) return "–";
  return sides.map(([side, dbfs]) =>
    el("div", {}, el("small", {}, `${side} `), String(Math.round(dbfs)).replace("-", "−")),
  );
}
