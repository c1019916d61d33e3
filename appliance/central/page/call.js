// One call, live or finished: light, timeline, alerts, and both voices side by side.

import { alertList } from "./alerts.js";
import { beside } from "./beside.js";
import { readCall } from "./conversation.js";
import { el, reconcile, soon } from "./dom.js";
import { devices, link, liveSeconds } from "./feed.js";
import { lamp, lampLook } from "./lamp.js";
import { measures } from "./measures.js";
import { orders } from "./orders.js";
import { timeline } from "./timeline.js";
import { transcript } from "./transcript.js";
import { callLink, clock, endReason, languageName, lasting, moment, spoken } from "./words.js";

export function call(device, name) {
  const entries = new Map();
  const heading = el("h1", { tabIndex: -1 }, `Call on ${device}`);
  const facts = el("p", { className: "facts" });
  const banner = el("div", { className: "banner" });
  const order = orders(callLink(device, name).slice(2), () => heading);
  const help = beside(order, orders(`devices/${encodeURIComponent(device)}`, () => heading));
  const words = transcript();
  const alerts = alertList((seconds) => words.show(seconds));
  const measured = measures((seconds) => words.show(seconds));
  const bar = timeline(
    (alert) => alerts.focus(alert),
    (seconds) => words.show(seconds),
  );
  const newest = el(
    "button",
    { type: "button", className: "newest", hidden: true, onclick: words.toEnd },
    "Newest words ↓",
  );
  const root = el(
    "div",
    { className: "call" },
    el("div", { className: "head" }, heading, facts),
    bar.root,
    el(
      "div",
      { className: "columns" },
      el("aside", { "aria-label": "Light and alerts" }, banner, order.result, help, alerts.root, measured.root),
      words.root,
    ),
    newest,
  );
  let summary = null;
  let model = readCall([]);
  let missing = false;
  let wasLive = false;
  let asked = 0;

  const state = () => devices.get(device);
  const isLive = () => Boolean(state() && state().call === name && !model.ended);
  const partials = () =>
    isLive() ? state().partials.filter((partial) => partial.call === name && isNew(partial)) : [];
  const isNew = (partial) => !model.utterances.has(`${partial.who}-${partial.utterance}`);
  const length = () =>
    isLive() && state().online ? liveSeconds(summary) : Math.max(model.end_s, summary?.duration_s ?? 0);

  async function load() {
    const mine = ++asked;
    try {
      const answer = await fetch(`/api${callLink(device, name).slice(1)}`);
      if (mine !== asked) return;
      missing = answer.status === 404;
      if (answer.ok) {
        const found = await answer.json();
        if (!summary || found.summary.newest_stored_at > summary.newest_stored_at) summary = found.summary;
        for (const entry of found.events) entries.set(entry.seq, entry);
        model = readCall(entries.values());
      }
      draw();
    } catch {
      if (link.state === "live") setTimeout(load, 1000);
    }
  }

  const drawSoon = soon(draw);

  function draw() {
    const following = (wasLive || isLive()) && words.atEnd();
    wasLive = isLive();
    words.draw(model, partials());
    alerts.draw(model);
    measured.draw(model);
    tick();
    drawBanner();
    if (following) words.toEnd();
    newest.hidden = !isLive() || words.atEnd();
  }

  function tick() {
    bar.draw(model, partials(), length());
    facts.textContent = missing && !summary && !isLive() ? "No event of this call is stored here." : factsOf();
  }

  function factsOf() {
    if (!summary) return isLive() ? "The call has just begun" : "Reading…";
    const engine = summary.model || summary.engine;
    const phase = isLive()
      ? state().online
        ? `In progress, ${clock(length())}`
        : `Link to the device lost, ${clock(length())} so far`
      : `${spoken(length())} long`;
    const end = isLive() ? "" : summary.ended_at ? endReason(summary.end_reason) : "no end known";
    return [
      `Began ${moment(summary.started_at)}`,
      phase,
      end,
      summary.events > 0 && entries.size === 0 && !isLive() && "what was said was deleted",
      languageName(summary.language),
      engine && `recognised by ${engine}`,
    ]
      .filter(Boolean)
      .join(" · ");
  }

  function drawBanner() {
    const items = isLive() ? [state()] : [];
    reconcile(
      banner,
      items,
      (item) => item.device,
      (item) => [...lampLook(item), model.alerts.get(item.light?.alert)?.snooze_s],
      (item) => {
        const light = item.light;
        const can = item.online && light?.blinking && light.alert !== null;
        const snooze_s = model.alerts.get(light?.alert)?.snooze_s;
        return el(
          "div",
          {},
          lamp(item),
          can && order.button("acknowledge", "I have seen it", { alert: light.alert }, "Seen: the light is steady now."),
          can &&
            snooze_s > 0 &&
            order.button("snooze", `Remind me in ${lasting(snooze_s)}`, { alert: light.alert }, "Put off."),
          item.online && light && !light.muted && pauseButton(light),
        );
      },
    );
    banner.hidden = items.length === 0;
    help.hidden = !(isLive() && state().online);
  }

  /** For what nobody may keep, such as card data; a pause ends by itself as well. */
  function pauseButton(light) {
    return light.paused
      ? order.button("resume", "Listen again", {}, "The box listens again.")
      : order.button("pause", "Pause for card data", {}, "Paused: nothing is heard until you say so, or the time is over.");
  }

  return {
    root,
    heading,
    title: () => `${isLive() ? "Live call" : "Call"} on ${device}`,
    hear(kind, data) {
      if (kind === "snapshot") load();
      if (kind !== "snapshot" && data.device !== device) return;
      if (kind === "event" && data.call === name) {
        entries.set(data.seq, data);
        model = readCall(entries.values());
        missing = false;
      }
      if (kind === "call" && data.call === name) summary = data;
      drawSoon();
    },
    tick,
  };
}
