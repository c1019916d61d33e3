// How far the newest release of the program is, for administrators; a release that was halted says why.

import { el } from "./dom.js";
import { me } from "./me.js";

export function release() {
  const root = el("p", { className: "release", role: "status", hidden: true });
  async function load() {
    if (!(await me()).roles.includes("administrator")) return;
    const { rollouts } = await (await fetch("/api/rollouts")).json();
    root.hidden = rollouts.length === 0;
    if (root.hidden) return;
    const text = told(rollouts[0]);
    if (root.textContent !== text) root.textContent = text; // so that a screen reader says each change once
    root.dataset.state = rollouts[0].state;
  }
  return { root, load };
}

function told({ number, version, state, why, ring_percent: percent, ring, have, fallen }) {
  const fell = Object.keys(fallen).length;
  const name = `Release ${number} (${version})`;
  if (state === "done") return `${name}: all boxes have it.`;
  const far = `ring of ${percent} %, ${ring} boxes; ${have} have it${fell ? `, ${fell} fell` : ""}`;
  return state === "halted" ? `${name} is halted: ${why} (${far})` : `${name} is ${state}: ${far}.`;
}
