// From a call's events to what is shown of it. Values in, values out: nothing here touches the page.

const SILENCE_S = 5;

/** Read the events of a call (entries of `/api/calls/…`, any order) into utterances, alerts, gaps and notices. */
export function readCall(entries) {
  const call = {
    utterances: new Map(),
    alerts: new Map(),
    stress: [],
    talk: new Map(),
    context: null,
    others: [],
    started: null,
    ended: null,
    end_s: 0,
  };
  const hits = [];
  for (const entry of [...entries].sort((one, other) => one.seq - other.seq)) {
    const event = { ...entry.event, seq: entry.seq, shown_at: entry.shown_at, occurred_at: entry.occurred_at };
    call.end_s = Math.max(call.end_s, Number(event.end_s) || 0);
    if (event.type === "phrase") hits.push(event);
    else (READ[event.type] ?? keep)(call, event);
  }
  for (const hit of hits) call.utterances.get(`${hit.who}-${hit.utterance}`)?.hits.push(hit);
  return call;
}

const READ = {
  call_started: (call, event) => {
    call.started = event;
  },
  call_ended: (call, event) => {
    call.ended = event;
    keep(call, event);
  },
  utterance: (call, event) => {
    call.utterances.set(`${event.who}-${event.number}`, { ...event, hits: [] });
  },
  stress: (call, event) => {
    if (event.who === "caller") call.stress.push(event);
  },
  talk: (call, event) => {
    call.talk.set(event.who, event);
  },
  context: (call, event) => {
    call.context = event;
  },
  alert: (call, event) => {
    call.alerts.set(event.alert, { ...event, changes: [] });
  },
  alert_changed: (call, event) => {
    call.alerts.get(event.alert)?.changes.push(event);
  },
};

function keep(call, event) {
  call.others.push(event);
}

/** What has become of an alert: `open`, `tentative`, `withdrawn`, `acknowledged`, `snoozed` or `cleared`. */
export function alertState(alert) {
  const changes = alert.changes.map((change) => change.change);
  if (changes.at(-1) === "snoozed") return "snoozed";
  for (const state of ["withdrawn", "cleared", "acknowledged"]) if (changes.includes(state)) return state;
  return alert.tentative && !changes.includes("confirmed") ? "tentative" : "open";
}

/** Lay the call out in rows, in order of time. A row holds what both sides said at once (`agent`, `caller`), or one of
 * `gap`, `withheld`, `notice`, `key`, `alert`, `silence`, `end`, `other`. Partials are utterances without a final text. */
export function rowsOf(call, partials) {
  const spoken = [
    ...call.utterances.values(),
    ...partials.map((partial) => ({ ...partial, partial: true, number: partial.utterance, hits: [] })),
  ];
  const marks = [...call.alerts.values()].map((alert) => ({
    ...alert,
    kind: "alert",
    state: alertState(alert),
    start_s: alert.end_s,
  }));
  const others = call.others.filter((event) => !isOutdated(event, call.others)).map((event) => ({
    ...event,
    kind: { gap: "gap", hold: "hold", muted: "withheld", paused: "withheld", notice: "notice", band: "band", key: "key", call_ended: "end" }[event.type] ?? "other",
  }));
  const items = [...spoken.map((item) => ({ ...item, kind: "speech" })), ...marks, ...others].sort(inTime);
  const rows = [];
  let heard_s = 0;
  for (const item of items) {
    if (item.kind === "end" || (item.kind === "speech" && !besides(rows, item))) addSilence(rows, item, heard_s);
    if (item.kind === "speech") addSpeech(rows, item);
    else rows.push({ kind: item.kind, item, key: `${item.kind}-${item.seq}` });
    if (["speech", "gap", "hold", "withheld"].includes(item.kind)) heard_s = Math.max(heard_s, item.end_s);
  }
  return rows;
}

/** Whether an event told of music that has been told whole since. */
function isOutdated(event, others) {
  return (
    event.type === "hold" &&
    !event.over &&
    others.some((other) => other.type === "hold" && other.over && other.who === event.who && other.start_s === event.start_s)
  );
}

const ORDER = { speech: 0, gap: 1, hold: 1, withheld: 1, notice: 2, band: 2, key: 2, other: 3, alert: 4, end: 5 };

function inTime(one, other) {
  return (one.start_s ?? 0) - (other.start_s ?? 0) || ORDER[one.kind] - ORDER[other.kind];
}

/** The last row of speech, when the other side alone spoke there and was still speaking: then both go side by side. */
function besides(rows, item) {
  const last = rows.findLast((row) => row.kind === "speech");
  return last && !last[item.who] && last.end_s > item.start_s ? last : null;
}

function addSilence(rows, item, heard_s) {
  const silence_s = item.start_s - heard_s;
  if (silence_s < SILENCE_S) return;
  rows.push({ kind: "silence", item: { start_s: heard_s, silence_s }, key: `silence-${item.who}-${item.number}` });
}

function addSpeech(rows, item) {
  const beside = besides(rows, item);
  if (beside) {
    beside[item.who] = item;
    beside.end_s = Math.max(beside.end_s, item.end_s);
    return;
  }
  const key = `speech-${item.who}-${item.number}`;
  rows.push({ kind: "speech", [item.who]: item, start_s: item.start_s, end_s: item.end_s, key });
}

/** Cut the measures of a voice into stretches without a hole, each a list of `{at_s, score, level, drivers}`. A hole is
 * where nothing was known, or nothing was said for longer than `hole_s`. */
export function stretchesOf(stress, hole_s = 4) {
  const stretches = [];
  let last = null;
  for (const { end_s, score, level, drivers } of stress) {
    if (score === null) {
      last = null;
      continue;
    }
    if (last === null || end_s - last > hole_s) stretches.push([]);
    stretches.at(-1).push({ at_s: end_s, score, level, drivers: drivers ?? [] });
    last = end_s;
  }
  return stretches;
}

/** The moments worth telling in words: the highest of every run of measures that are not calm. */
export function peaksOf(stress) {
  const peaks = [];
  for (const points of stretchesOf(stress)) {
    let run = null;
    for (const point of points) {
      if (point.level === "calm") run = null;
      else if (run === null) peaks.push((run = { ...point, from_s: point.at_s }));
      else if (point.score > run.score) Object.assign(run, point);
    }
  }
  return peaks;
}

/** What one word stands for when it was taken out, such as "16 digits"; null for a word that was said. */
export const redactionOf = (text) => /^\p{P}*\[([^\]]+)\]\p{P}*$/u.exec(text)?.[1] ?? null;

/** Cut an utterance's text into pieces `{text, phrases}`; `phrases` names what was heard there. Hits whose place cannot
 * be found come back as `unplaced`. */
export function piecesOf(utterance) {
  const unplaced = [];
  const ranges = [];
  for (const hit of utterance.hits) {
    const range = rangeOf(utterance, hit);
    if (range) ranges.push({ ...range, phrase: hit.phrase });
    else unplaced.push(hit.phrase);
  }
  ranges.sort((one, other) => one.from - other.from || other.to - one.to);
  const pieces = [];
  let at = 0;
  for (const { from, to, phrase } of ranges) {
    if (to <= at) {
      pieces.findLast((piece) => piece.phrases.length).phrases.push(phrase);
      continue;
    }
    if (from > at) pieces.push({ text: utterance.text.slice(at, from), phrases: [] });
    pieces.push({ text: utterance.text.slice(Math.max(from, at), to), phrases: [phrase] });
    at = to;
  }
  if (at < utterance.text.length) pieces.push({ text: utterance.text.slice(at), phrases: [] });
  return { pieces, unplaced };
}

function rangeOf(utterance, hit) {
  const text = lower(utterance.text);
  let at = 0;
  let range = null;
  for (const word of utterance.words ?? []) {
    const found = text.indexOf(lower(word.text), at);
    if (found < 0) continue;
    at = found + word.text.length;
    const middle = (word.start_sample + word.end_sample) / 2;
    if (middle >= hit.start_sample && middle <= hit.end_sample) range = { from: range?.from ?? found, to: at };
  }
  if (range) return range;
  const found = hit.text ? text.indexOf(lower(hit.text)) : -1;
  return found < 0 ? null : { from: found, to: found + hit.text.length };
}

function lower(text) {
  const small = text.toLowerCase();
  return small.length === text.length ? small : text; // a few letters change their length, and places would shift
}
