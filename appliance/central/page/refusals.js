// Who knocked at the boxes' door and was not let in, for administrators.

import { el, reconcile } from "./dom.js";
import { me } from "./me.js";
import { moment } from "./words.js";

export function refusals() {
  const list = el("ul", { className: "knocks" });
  const root = el("section", { "aria-label": "Not let in", hidden: true }, el("h2", {}, "Not let in"), list);

  async function load() {
    if (!(await me()).roles.includes("administrator")) return;
    const answer = await fetch("/api/refusals");
    if (!answer.ok) return;
    const { refusals: found } = await answer.json();
    root.hidden = found.length === 0;
    const key = (knock) => [knock.remote, knock.device, knock.reason].join(" ");
    reconcile(list, found, key, (knock) => knock, item);
  }

  return { root, load: () => load().catch(() => {}) };
}

function item({ remote, device, text, count, at }) {
  const times = count > 1 ? `${count} times, last ` : "";
  return el("li", {}, el("strong", {}, device || "A stranger"), ` from ${remote}: ${text} (${times}${moment(at)})`);
}
