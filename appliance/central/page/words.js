// How times, levels and names are written for people.

const LEVELS = { normal: "Calm", attention: "Attention", urgent: "Urgent" };
const SIDES = { agent: "Agent", caller: "Caller", both: "Both" };
const TENSIONS = { calm: "calm", raised: "raised", high: "high" };
const GAPS = {
  recognizer_lost: "the recogniser had to be restarted",
  recognizer_behind: "the recogniser could not keep up",
  line_overrun: "the box could not take the sound in time",
  line_lost: "the line was lost",
  packets_lost: "the network lost it",
  outbox_full: "the box had no room to keep it",
};
const ENDS = {
  on_hook: "hung up",
  line_lost: "the line was lost",
  stopped: "the device was stopped",
  interrupted: "the device was interrupted",
};
const FAULTS = {
  cloned: "its identity is used at two places: revoke it, and enrol the box anew",
  line_lost: "the phone line is gone: look at the box's cables, or run undertone line check",
  line_deaf: "one side of the line is silent: is the splitter in the handset port?",
  line_poor: "the line sounds bad: undertone line check says what helps",
  no_model: "no speech model hears this line",
  recognizer_lost: "the recogniser is restarting",
  outbox_broken: "its disk fails, this call may not be kept",
  mute_not_saved: "its disk does not take the mute switch, which may be lost at a restart",
  outbox_full: "its storage is full, this call may not be kept",
  light_lost: "a light does not answer: undertone light list says what is there",
  too_slow: "it has too much to do, words come late or are missing",
};

export const levelName = (level) => LEVELS[level] ?? level;
export const tensionName = (level) => TENSIONS[level] ?? level;
export const sideName = (who) => SIDES[who] ?? who;
export const gapReason = (reason) => GAPS[reason] ?? plain(reason ?? "unknown reason");
export const endReason = (reason) => ENDS[reason] ?? plain(reason ?? "");
export const faultText = (fault) => FAULTS[fault] ?? plain(fault);

/** `asks_for_supervisor` → "Asks for supervisor" */
export function title(name) {
  const words = plain(String(name ?? ""));
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function plain(name) {
  return name.replace(/[_-]+/g, " ");
}

/** A part as per cent, with the number that screen readers say well. */
export const percent = (part) => `${Math.round(part * 100)} %`;

/** What words say, for people; empty where it is too little to be called anything. */
export function moodName(sentiment) {
  if (sentiment === null || sentiment === undefined || Math.abs(sentiment) < 0.2) return "";
  return `${Math.abs(sentiment) < 0.5 ? "rather " : ""}${sentiment < 0 ? "negative" : "positive"}`;
}

/** A number with its sign, and a true minus. */
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/** Seconds as m:ss or h:mm:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${parts.join(":")}` : `${Number(parts[0])}:${parts[1]}`;
}

/** Seconds in words, for screen readers and tooltips. */
export function spoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = `${whole % 60} s`;
  return minutes ? `${minutes} min ${rest}` : rest;
}

/** A short span in words, exact enough for a hole of a tenth of a second. */
export const lasting = (seconds) => (seconds < 10 ? `${seconds.toFixed(1)} s` : spoken(seconds));

/** A UTC text as local date and time; the date is left out today. */
export function moment(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "unknown time";
  const today = date.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(undefined, today ? time : { ...time, year: "numeric", month: "short", day: "numeric" });
}

export function timeOfDay(text) {
  return new Date(text).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function languageName(code) {
  if (!code) return "Language unknown";
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

export const callLink = (device, call) => `#/calls/${encodeURIComponent(device)}/${encodeURIComponent(call)}`;
