// Both voices side by side, in order of time.

import { el, reconcile } from "./dom.js";
import { piecesOf, redactionOf, rowsOf } from "./conversation.js";
import { clock, endReason, gapReason, lasting, levelName, moodName, sideName, signed, spoken, title } from "./words.js";

const NEAR_END_PX = 160;

export function transcript() {
  const list = el("ol", { className: "rows" });
  const sides = ["agent", "caller"].map((who) => el("span", { "data-who": who }, sideName(who)));
  const root = el(
    "section",
    { className: "transcript", "aria-label": "What was said", tabIndex: 0 },
    el("div", { className: "sides", "aria-hidden": "true" }, sides[0], el("span"), sides[1]),
    el("div", { role: "log", "aria-live": "off", "aria-label": "Transcript" }, list),
  );
  // On a desk the words scroll in their own pane, on a small screen with the page.
  const pane = () => (getComputedStyle(root).overflowY === "auto" ? root : document.scrollingElement);
  return {
    root,
    atEnd: () => pane().scrollHeight - pane().scrollTop - pane().clientHeight < NEAR_END_PX,
    toEnd: () => pane().scrollTo({ top: pane().scrollHeight }),
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
  speech(row) {
    const sides = [row.agent, row.caller].filter(Boolean).sort((one, other) => one.start_s - other.start_s);
    const times = new Set(sides.map((side) => clock(side.start_s)));
    const at = [...times].map((time) => el("time", {}, time));
    return el("li", { className: "row" }, el("span", { className: "at" }, at), sides.map(speech));
  },
  silence: ({ item }) => el("li", { className: "row silence" }, el("p", {}, `${spoken(item.silence_s)} without words`)),
  gap: ({ item }) =>
    el(
      "li",
      { className: "row gap", "data-who": item.who },
      el(
        "p",
        {},
        el("strong", {}, `Not heard${item.who === "both" ? "" : `: ${sideName(item.who)}`}`),
        ` at ${clock(item.start_s)} for ${lasting(item.end_s - item.start_s)}, ${gapReason(item.reason)}`,
      ),
    ),
  withheld: ({ item }) =>
    el(
      "li",
      { className: "row withheld", "data-why": item.type },
      el(
        "p",
        {},
        el("strong", {}, item.type === "muted" ? "Muted at the box" : "Paused from here"),
        ` at ${clock(item.start_s)} for ${lasting(item.end_s - item.start_s)}: nothing was heard, by wish`,
      ),
    ),
  hold: ({ item }) =>
    el(
      "li",
      { className: "row notice", "data-who": item.who },
      el(
        "p",
        {},
        el("strong", {}, `On hold: ${sideName(item.who)}`),
        ` ${item.what} since ${clock(item.start_s)}${item.over ? ` for ${lasting(item.end_s - item.start_s)}` : ""}, not transcribed`,
      ),
    ),
  key: ({ item }) =>
    el(
      "li",
      { className: "row notice" },
      el("p", {}, el("strong", {}, sideName(item.who)), ` pressed ${item.key ? `the key ${item.key}` : "a key (not kept)"}`),
    ),
  notice: ({ item }) => el("li", { className: "row notice" }, el("p", {}, el("strong", {}, "Notice"), ` ${item.text}`)),
  band: ({ item }) =>
    el(
      "li",
      { className: "row notice" },
      el(
        "p",
        {},
        el("strong", {}, sideName(item.who)),
        ` carries the ${item.band} band, ${item.model || "no speech model"} listens`,
      ),
    ),
  alert: ({ item }) =>
    el(
      "li",
      { className: "row mark", "data-level": item.level, "data-state": item.state },
      el(
        "p",
        {},
        el("strong", {}, item.state === "withdrawn" ? "Withdrawn" : levelName(item.level)),
        el("span", { className: "rule" }, title(item.rule)),
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
  const { pieces, unplaced } = utterance.partial
    ? { pieces: [{ text: utterance.text, phrases: [] }], unplaced: [] }
    : piecesOf(utterance);
  const mood = moodName(utterance.sentiment);
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
        piece.phrases.length
          ? el("mark", { title: piece.phrases.map(title).join(", ") }, withRedactions(piece.text))
          : withRedactions(piece.text),
      ),
    ),
    (phrases.length > 0 || mood) &&
      el(
        "p",
        { className: "phrases" },
        phrases.length > 0 && el("span", { className: "unseen" }, "Phrases: "),
        phrases.map((phrase) => el("span", { className: "chip" }, title(phrase))),
        mood &&
          el(
            "span",
            { className: "chip", "data-mood": utterance.sentiment < 0 ? "negative" : "positive" },
            `Words ${mood} ${signed(utterance.sentiment)}`,
          ),
      ),
  );
}

/** What was taken out stands in a box of its own, so that nobody takes it for words. */
function withRedactions(text) {
  return text.split(/(\[[^\]]+\])/u).map((part) => {
    const what = redactionOf(part);
    return what ? el("span", { className: "redacted", title: "Taken out before anything was kept" }, what) : part;
  });
}

function distance(block, start_s) {
  const [from, to] = [Number(block.dataset.start), Number(block.dataset.end)];
  return start_s < from ? from - start_s : Math.max(0, start_s - to);
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
