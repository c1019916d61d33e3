// Who looked at which call, for auditors.

import { el } from "./dom.js";
import { timeOfDay } from "./words.js";

const ACTIONS = {
  sign_in: "signed in",
  sign_in_refused: "could not sign in",
  sign_out: "signed out",
  read_call: "read the call",
  list_calls: "listed calls",
  watch_live: "watched calls live",
  read_audit: "read this list",
  acknowledge: "acknowledged an alert",
  snooze: "put an alert off",
  pause: "paused listening",
  resume: "resumed listening",
  context: "told what is known of the caller",
  guidance: "sent the agent a text",
  supervisor: "told the agent of themselves",
  identify: "had the box show itself",
  rules: "sent a rule pack",
  config: "changed settings",
  update: "sent an update",
  refused: "was refused",
  device_cloned: "saw an identity used twice",
  retention: "deleted what was old",
};

export function audit() {
  const heading = el("h1", { tabIndex: -1 }, "Who looked at what");
  const body = el("tbody");
  const head = ["When", "Who", "What", "Device", "Call", "From", "More"].map((name) => el("th", { scope: "col" }, name));
  const table = el("table", { className: "audit" }, el("thead", {}, el("tr", {}, head)), body);
  const note = el("p", { role: "status" });

  async function load() {
    const answer = await fetch("/api/audit?limit=500");
    if (!answer.ok) {
      note.textContent = "The list could not be read.";
      return;
    }
    const { entries } = await answer.json();
    body.replaceChildren(
      ...entries.map(({ at, who, action, device, call, remote, details }) => {
        const when = `${at.slice(0, 10)} ${timeOfDay(Date.parse(at))}`;
        return el("tr", {}, [when, who, ACTIONS[action] ?? action, device, call, remote, details].map((text) => el("td", {}, text)));
      }),
    );
  }

  load();
  return { root: el("section", {}, heading, note, table), heading, hear() {}, tick() {}, title: () => "Audit" };
}
