// The alerts of a call: rule, level, evidence and what has become of each.

import { el, reconcile } from "./dom.js";
import { alertState } from "./conversation.js";
import { timeButton } from "./time_button.js";
import { clock, levelName, sideName, title } from "./words.js";

const CHANGES = {
  confirmed: "confirmed",
  withdrawn: "withdrawn, the final words do not say it,",
  acknowledged: "seen",
  snoozed: "put off",
  returned: "back again",
  cleared: "over",
};

/** `show(seconds)` is called when a piece of evidence is chosen. */
export function alertList(show) {
  const list = el("ol", { className: "alerts" });
  const none = el("p", { className: "quiet" }, "No alerts in this call.");
  const heading = el("h2", {}, "Alerts");
  return {
    root: el("section", { className: "alert-list", "aria-label": "Alerts" }, heading, none, list),
    draw(call) {
      const alerts = [...call.alerts.values()].reverse();
      none.hidden = alerts.length > 0;
      reconcile(
        list,
        alerts,
        (alert) => alert.alert,
        (alert) => alert,
        (alert) => item(alert, show),
      );
    },
    focus(alert) {
      const node = list.querySelector(`[data-key="${CSS.escape(String(alert))}"]`);
      node?.focus();
      node?.scrollIntoView({ block: "nearest" });
    },
  };
}

function item(alert, show) {
  const state = alertState(alert);
  return el(
    "li",
    { className: "alert", "data-level": alert.level, "data-state": state, tabIndex: -1 },
    el(
      "p",
      { className: "alert-head" },
      el("span", { className: "tag", "data-level": alert.level }, levelName(alert.level)),
      el("strong", {}, title(alert.rule)),
      el("span", { className: "at" }, clock(alert.end_s)),
    ),
    el(
      "ul",
      { className: "evidence" },
      (alert.evidence ?? []).map((evidence) => quote(evidence, show)),
    ),
    alert.missing?.includes("words") &&
      el("p", { className: "missing" }, "Judged without words: nothing could be recognised then."),
    alert.explanation && el("p", { className: "why" }, alert.explanation),
    alert.suggest && el("p", { className: "suggest" }, el("strong", {}, "Suggestion "), alert.suggest),
    alert.call_for && el("p", { className: "suggest" }, el("strong", {}, "Call "), alert.call_for),
    el("p", { className: "became" }, history(alert, state)),
  );
}

function quote(evidence, show) {
  return el(
    "li",
    {},
    timeButton(evidence.start_s, `e${evidence.start_sample}`, show),
    el("span", { className: "who", "data-who": evidence.who }, sideName(evidence.who)),
    evidence.channel && evidence.channel !== "words"
      ? el("span", { className: "measure" }, measured(evidence))
      : el("q", {}, evidence.text),
  );
}

function measured({ text, limit }) {
  return limit === undefined || limit === null ? text : `${text}, limit ${limit}`;
}

function history(alert, state) {
  const changes = alert.changes.map((change) => `${CHANGES[change.change] ?? change.change} at ${clock(change.end_s)}`);
  if (alert.since_s > 0 && alert.end_s - alert.since_s >= 1) changes.unshift(`holds since ${clock(alert.since_s)}`);
  if (state === "tentative") changes.push("not confirmed by the final words yet");
  if (state === "open") changes.push("not seen yet");
  return changes.join(" · ");
}
