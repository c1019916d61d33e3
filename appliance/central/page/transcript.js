// Both voices side by side, in order of time.

import { el, reconcile } from "./dom.js";
import { piecesOf, rowsOf } from "./conversation.js";
import { clock, endReason, gapReason, levelName, sideName, spoken, title } from "./words.js";

export function transcript() {
  const list = el("ol", { className: "rows", role: "log", "aria-live": "off", "aria-label": "Transcript" });
  const root = el(
    "section",
    { className: "transcript", "aria-label": "What was said" },
    el(
      "div",
      { className: "sides", "aria-hidden": "true" },
      el("span", { "data-who": "agent" }, "Agent"),
      el("span"),
      el("span", { "data-who": "caller" }, "Caller"),
    ),
    list,
  );
  return {
    root,
    draw(call, partials) {
      reconcile(
        list,
        rowsOf(call, partials),
        (row) => row.key,
        (row) => row,
        (row) => (ROWS[row.kind] ?? other)(row),
      );
    },
    /** Move to the utterance nearest to a time. */
    show(start_s) {
      const blocks = [...list.querySelectorAll("[data-start]")];
      const nearest = blocks.reduce(
        (best, block) => (distance(block, start_s) < distance(best, start_s) ? block : best),
        blocks[0],
      );
      if (!nearest) return;
      nearest.focus({ preventScroll: true });
      nearest.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    },
  };
}

const ROWS = {
  speech: (row) =>
    el(
      "li",
      { className: "row" },
      speech(row.agent),
      el("span", { className: "at" }, clock(row.start_s)),
      speech(row.caller),
    ),
  silence: ({ item }) => el("li", { className: "row silence" }, el("p", {}, `${spoken(item.silence_s)} of silence`)),
  gap: ({ item }) =>
    el(
      "li",
      { className: "row gap", "data-who": item.who },
      el(
        "p",
        {},
        el("strong", {}, `Not heard${item.who === "both" ? "" : `: ${sideName(item.who)}`}`),
        ` ${clock(item.start_s)}–${clock(item.end_s)}, ${gapReason(item.reason)}`,
      ),
    ),
  notice: ({ item }) => el("li", { className: "row notice" }, el("p", {}, el("strong", {}, "Notice"), ` ${item.text}`)),
  alert: ({ item }) =>
    el(
      "li",
      { className: "row mark", "data-level": item.level },
      el(
        "p",
        {},
        el("strong", {}, levelName(item.level)),
        ` ${title(item.rule)}`,
        el("span", { className: "at" }, clock(item.end_s)),
      ),
    ),
  end: ({ item }) =>
    el("li", { className: "row end" }, el("p", {}, `Call ended at ${clock(item.end_s)}: ${endReason(item.reason)}`)),
};

function other({ item }) {
  return el(
    "li",
    { className: "row notice" },
    el("p", {}, `${title(item.type || "Event")} (this page does not know this kind of event)`),
  );
}

function speech(utterance) {
  if (!utterance) return el("div", { className: "void" });
  const { pieces, unplaced } = utterance.partial
    ? { pieces: [{ text: utterance.text, phrases: [] }], unplaced: [] }
    : piecesOf(utterance);
  const phrases = [...new Set([...pieces.flatMap((piece) => piece.phrases), ...unplaced])];
  return el(
    "div",
    {
      className: utterance.partial ? "said partial" : "said",
      "data-who": utterance.who,
      "data-start": String(utterance.start_s),
      "data-end": String(utterance.end_s),
      tabIndex: -1,
    },
    el(
      "p",
      {},
      el("span", { className: "unseen" }, `${sideName(utterance.who)}${utterance.partial ? ", still speaking" : ""}: `),
      pieces.map((piece) =>
        piece.phrases.length ? el("mark", { title: piece.phrases.map(title).join(", ") }, piece.text) : piece.text,
      ),
    ),
    phrases.length > 0 &&
      el(
        "p",
        { className: "phrases" },
        el("span", { className: "unseen" }, "Phrases: "),
        phrases.map((phrase) => el("span", { className: "chip" }, title(phrase))),
      ),
  );
}

function distance(block, start_s) {
  const [from, to] = [Number(block.dataset.start), Number(block.dataset.end)];
  return start_s < from ? from - start_s : Math.max(0, start_s - to);
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
