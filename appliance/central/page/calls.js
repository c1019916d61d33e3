// The list of calls, newest first.

import { el, reconcile, soon } from "./dom.js";
import { devices, link } from "./feed.js";
import { callLink, clock, endReason, languageName, levelName, moment } from "./words.js";

const PAGE = 50;

export function calls() {
  const rows = el("tbody");
  const note = el("p", { className: "empty", role: "status", hidden: true });
  const more = el(
    "button",
    { type: "button", className: "plain", hidden: true, onclick: () => load(list.at(-1)?.started_at) },
    "Show older calls",
  );
  const choice = el("select", {
    id: "device",
    onchange: () => {
      list = [];
      load();
    },
  });
  const heading = el("h1", { tabIndex: -1 }, "Calls");
  const columns = ["Started", "Highest level", "Device", "Duration", "Language", "Alerts", "End"];
  const root = el(
    "div",
    { className: "calls" },
    el("div", { className: "head" }, heading, el("p", {}, el("label", { for: "device" }, "Device "), choice)),
    el(
      "div",
      { className: "scroll", role: "region", "aria-label": "Calls", tabIndex: 0 },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            columns.map((name) => el("th", { scope: "col" }, name)),
          ),
        ),
        rows,
      ),
    ),
    note,
    more,
  );
  let list = [];
  let asked = 0;

  async function load(before) {
    const mine = ++asked;
    const query = new URLSearchParams({ limit: PAGE, device: choice.value });
    if (before) query.set("before", before);
    try {
      const answer = await (await fetch(`/api/calls?${query}`)).json();
      if (mine !== asked) return;
      merge(answer.calls);
      more.hidden = answer.calls.length < PAGE;
    } catch {
      if (link.state === "live") show("The list could not be read. It is tried again when the connection is back.");
    }
  }

  function merge(found) {
    const byName = new Map([...list, ...found].map((call) => [`${call.device}/${call.call}`, call]));
    list = [...byName.values()].sort((one, other) => (one.started_at < other.started_at ? 1 : -1));
    show(list.length ? "" : "No calls yet.");
    reconcile(
      rows,
      list,
      (call) => `${call.device}/${call.call}`,
      (call) => [call, isLive(call)],
      row,
    );
  }

  const drawSoon = soon(() => {
    offer();
    merge([]);
  });

  function show(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  function offer() {
    const names = ["", ...[...devices.keys()].sort()];
    reconcile(
      choice,
      names,
      (name) => name,
      (name) => name,
      (name) => el("option", { value: name }, name || "All devices"),
    );
  }

  return {
    root,
    heading,
    title: () => "Calls",
    hear(kind, data) {
      if (kind === "snapshot") {
        offer();
        load();
      }
      if (kind === "device") {
        drawSoon();
      }
      if (kind === "call" && (!choice.value || choice.value === data.device)) merge([data]);
    },
    tick() {},
  };
}

function isLive(call) {
  const device = devices.get(call.device);
  return Boolean(device?.online && device.call === call.call);
}

function row(call) {
  const end = isLive(call) ? "in progress" : call.end_reason ? endReason(call.end_reason) : "no end known";
  const trusted = call.clock_synchronised ? "" : " (device clock was not set)";
  return el(
    "tr",
    {},
    el(
      "th",
      { scope: "row" },
      el("a", { href: callLink(call.device, call.call), "data-focus": "open" }, moment(call.started_at) + trusted),
    ),
    el("td", {}, el("span", { className: "tag", "data-level": call.level }, levelName(call.level))),
    el("td", {}, call.device),
    el("td", { className: "number" }, clock(call.duration_s)),
    el("td", {}, languageName(call.language)),
    el("td", { className: "number" }, String(call.alerts)),
    el(
      "td",
      {},
      el("span", { className: isLive(call) ? "tag now" : "" }, end),
      call.gaps > 0 && ` · ${call.gaps} not heard`,
    ),
  );
}
