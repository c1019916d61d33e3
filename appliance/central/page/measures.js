// What was measured of a call: stress as a line over time, and who talks how much.

import { drawn, el, reconcile } from "./dom.js";
import { peaksOf, stretchesOf } from "./conversation.js";
import { timeButton } from "./time_button.js";
import { moodName, percent, sideName, signed, spoken, tensionName } from "./words.js";

// As the device draws them (CLIMB in speech/stress.py).
const RAISED = 0.6;
const HIGH = 0.8;

/** The line of stress under the timeline: `draw(call, length_s)`, and `root`. */
export function stressLine() {
  const root = el("div", { className: "stress", hidden: true });
  let picture = "";
  return {
    root,
    draw(call, length_s) {
      const stretches = stretchesOf(call.stress);
      root.hidden = stretches.length === 0;
      const next = JSON.stringify([stretches, Math.round(length_s * 2)]);
      if (next === picture) return;
      picture = next;
      root.replaceChildren(el("span", { className: "legend" }, "Stress in the caller’s voice"), chart(stretches, length_s));
    },
  };
}

function chart(stretches, length_s) {
  const at = ({ at_s, score }) => `${at_s.toFixed(2)},${(1 - score).toFixed(3)}`;
  const line = (points, className) =>
    drawn("polyline", { points: points.map(at).join(" "), class: className, "vector-effect": "non-scaling-stroke" });
  const limit = (score) =>
    drawn("line", {
      x1: 0, x2: length_s, y1: 1 - score, y2: 1 - score, class: "limit", "vector-effect": "non-scaling-stroke",
    });
  // A stretch of one measure is a short dash, so that it can be seen.
  const whole = stretches.map((points) =>
    points.length > 1 ? points : [{ ...points[0], at_s: points[0].at_s - 0.8 }, points[0]],
  );
  const tense = whole.flatMap((points) =>
    points.slice(1).flatMap((point, index) => (point.level === "calm" ? [] : [[points[index], point]])),
  );
  return drawn(
    "svg",
    { viewBox: `0 0 ${length_s} 1`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    limit(RAISED),
    limit(HIGH),
    ...whole.map((points) => line(points, "calm")),
    ...tense.map(([from, to]) => line([from, to], to.level)),
  );
}

/** The panel beside the transcript. `show(seconds)` is called when a moment is chosen. */
export function measures(show) {
  const voice = el("div", { className: "voice" });
  const talk = el("div", { className: "talk" });
  const root = el("section", { className: "measures", "aria-label": "Voice, words and talk", hidden: true }, voice, talk);
  return {
    root,
    draw(call) {
      const peaks = peaksOf(call.stress);
      const newest = call.stress.at(-1) ?? null;
      const mood = [...call.utterances.values()].findLast((one) => one.sentiment_trend != null)?.sentiment_trend ?? null;
      const agent = call.talk.get("agent");
      const caller = call.talk.get("caller");
      root.hidden = !newest && !agent && !caller && !call.context;
      reconcile(
        voice,
        newest || mood !== null || call.context ? [0] : [],
        () => "voice",
        () => [newest?.seq, peaks, mood, call.context, call.ended !== null],
        () => voicePanel(newest, peaks, mood, call, show),
      );
      reconcile(
        talk,
        agent || caller ? [0] : [],
        () => "talk",
        () => [agent, caller],
        () => talkPanel(agent, caller),
      );
    },
  };
}

function voicePanel(newest, peaks, mood, call, show) {
  const known = newest && newest.score !== null;
  const now = call.ended ? "At the end" : "Now";
  return el(
    "div",
    {},
    el("h2", {}, "Caller"),
    call.context && el("p", {}, contextOf(call.context)),
    newest &&
      el(
        "p",
        { className: "stress-now" },
        el("strong", {}, "Stress in the voice "),
        known
          ? [
              el("span", { className: "tag", "data-tension": newest.level }, tensionName(newest.level)),
              ` ${now.toLowerCase()} ${newest.score.toFixed(2)}`,
            ]
          : `not known: ${newest.reason}`,
      ),
    known && newest.drivers?.length > 0 && el("p", { className: "quiet" }, newest.drivers.join(", ")),
    peaks.length > 0 &&
      el(
        "ul",
        { className: "peaks", "aria-label": "When the voice was tense" },
        peaks.map((peak) => moment(peak, show)),
      ),
    newest && peaks.length === 0 && el("p", { className: "quiet" }, "The voice was calm as far as it could be judged."),
    mood !== null &&
      el("p", {}, el("strong", {}, "Words lately "), `${moodName(mood) || "neutral"} (${signed(mood)}, −1 to +1)`),
  );
}

function moment(peak, show) {
  return el(
    "li",
    {},
    timeButton(peak.from_s, `p${peak.from_s}`, show),
    ` ${tensionName(peak.level)}, up to ${peak.score.toFixed(2)}`,
    peak.drivers.length > 0 && `: ${peak.drivers.join(", ")}`,
  );
}

function contextOf({ tier, queued_s }) {
  const parts = [tier && `Tier ${tier}`, queued_s !== null && queued_s !== undefined && `waited ${spoken(queued_s)} in the queue`];
  return parts.filter(Boolean).join(", ");
}

function talkPanel(agent, caller) {
  const share = agent?.talk_share ?? (caller?.talk_share != null ? 1 - caller.talk_share : null);
  const both = agent ?? caller;
  return el(
    "div",
    {},
    el("h2", {}, "Talk"),
    share !== null && shareBar(share),
    el(
      "p",
      { className: "quiet" },
      [
        rate(agent),
        rate(caller),
        `${both.overtalk_s.toFixed(1)} s at once`,
        interruptions(agent),
        interruptions(caller),
        `longest silence ${spoken(both.longest_silence_s)}`,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function shareBar(share) {
  const side = (who, part) => {
    const node = el("span", { "data-who": who }, `${sideName(who)} ${percent(part)}`);
    node.style.flexGrow = String(Math.max(part, 0.001));
    return node;
  };
  return el("p", { className: "share" }, side("agent", share), side("caller", 1 - share));
}

function rate(side) {
  return side?.words_per_min ? `${sideName(side.who)} ${Math.round(side.words_per_min)} words a minute` : "";
}

function interruptions(side) {
  if (!side?.interruptions) return "";
  return `${sideName(side.who)} interrupted ${side.interruptions === 1 ? "once" : `${side.interruptions} times`}`;
}
