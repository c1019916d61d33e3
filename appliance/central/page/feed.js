// The live feed: keeps the newest state of every device, and tells the open view what has happened.

import { lookAgain } from "./me.js";

const SILENCE_MS = 40_000; // the server sends a heartbeat every 15 s
const RETRY_MS = [500, 1000, 2000, 4000];

export const devices = new Map();
export const link = { state: "waiting", since: Date.now(), heard: null };

let source = null;
let attempts = 0;
let watch = 0;
let aheadMs = 0;
let tell = () => {};

/** The server's present time in ms since 1970: the browser's own clock may be wrong. */
export const serverNow = () => Date.now() + aheadMs;

/** Start listening. `listener(kind, data)` hears every message after it was taken in, and `link` on changes of the link. */
export function listen(listener) {
  tell = listener;
  open();
  addEventListener("online", reopen);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - (link.heard ?? 0) > SILENCE_MS) reopen();
  });
}

/** How long the live call of a device has lasted, in seconds: media time of the newest event, and what passed since. */
export function liveSeconds(summary) {
  if (!summary) return 0;
  return summary.duration_s + Math.max(0, (serverNow() - Date.parse(summary.newest_stored_at)) / 1000);
}

/** The call in progress on a device, when its first event is here. */
export function liveCall(device) {
  const newest = device.newest_call;
  return device.call !== null && newest?.call === device.call ? newest : null;
}

function open() {
  source = new EventSource("/api/live");
  for (const kind of ["snapshot", "device", "event", "partial", "call", "heartbeat"]) {
    source.addEventListener(kind, (message) => hear(kind, JSON.parse(message.data)));
  }
  source.onerror = lose;
  watchOver();
}

function reopen() {
  if (link.state === "live" || source?.readyState === EventSource.CLOSED || source === null) lose();
}

function lose() {
  lookAgain();
  source?.close();
  source = null;
  clearTimeout(watch);
  if (link.state !== "lost") setLink("lost");
  const pause = RETRY_MS[Math.min(attempts++, RETRY_MS.length - 1)];
  watch = setTimeout(open, pause * (0.75 + Math.random() / 2));
}

function watchOver() {
  clearTimeout(watch);
  watch = setTimeout(lose, SILENCE_MS);
}

function setLink(state) {
  link.state = state;
  link.since = Date.now();
  tell("link", link);
}

function hear(kind, data) {
  link.heard = Date.now();
  watchOver();
  TAKE[kind]?.(data);
  if (kind === "snapshot" && link.state !== "live") setLink("live");
  tell(kind, data);
}

const TAKE = {
  snapshot(data) {
    attempts = 0;
    aheadMs = Date.parse(data.server_time) - Date.now();
    devices.clear();
    for (const device of data.devices) devices.set(device.device, device);
  },
  heartbeat(data) {
    aheadMs = Date.parse(data.server_time) - Date.now();
  },
  device(data) {
    devices.set(data.device, data);
  },
  call(data) {
    const device = devices.get(data.device);
    if (device && (!device.newest_call || data.first_seq >= device.newest_call.first_seq)) device.newest_call = data;
  },
  partial(data) {
    const device = devices.get(data.device);
    if (!device) return;
    device.partials = device.partials.filter((other) => other.who !== data.who);
    if (data.text) device.partials.push(data);
  },
  event(data) {
    const device = devices.get(data.device);
    const { type, who, number, text, end_s } = data.event;
    if (!device || type !== "utterance") return;
    device.partials = device.partials.filter(
      (partial) => partial.call !== data.call || partial.who !== who || partial.utterance > number,
    );
    if (data.call === device.call) device.last_words = { who, text, end_s };
  },
};
