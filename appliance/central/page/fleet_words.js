// How a box's state, times and figures are written for people, and the columns of the fleet.

// Worst first: from what the server alone knows, to what the box says of itself.
const STATES = {
  offline: ["Off line", "urgent"],
  never_seen: ["Never seen", "attention"],
  cloned: ["Used twice", "urgent"],
  deaf: ["Deaf", "urgent"],
  fault: ["Fault", "urgent"],
  disk: ["Disk", "urgent"],
  refused: ["Refused", "urgent"],
  slow: ["Slow", "attention"],
  hot: ["Hot", "attention"],
  muted: ["Muted for hours", "attention"],
  clock: ["Clock", "attention"],
  silent: ["Silent", "attention"],
  certificate: ["Certificate", "attention"],
  ok: ["Well", "normal"],
};
const NAMES = Object.keys(STATES);

export const stateName = (state) => STATES[state]?.[0] ?? state;
export const level = (state) => STATES[state]?.[1] ?? "attention";

/** The place of a state among all, worst first; a state of a newer box comes before those that are well. */
export function SEVERITY(state) {
  const place = NAMES.indexOf(state);
  return place < 0 ? NAMES.length - 1.5 : place;
}

/** What runs on a box: its version, its release where it has one, and what becomes of another. */
export function program({ version, health }) {
  const told = health?.program;
  const release = told?.number ? ` (release ${told.number})` : "";
  const trial = told?.trial ? `, ${told.trial} on trial` : "";
  return version ? version + release + trial : "–";
}

export function seen(box, now) {
  if (box.online) return "now";
  return box.last_seen ? `${lasted(now - Date.parse(box.last_seen))} ago` : "never";
}

export function certificate({ certificate_ends_at: ends }, now) {
  if (!ends) return "–";
  const left = Date.parse(ends) - now;
  return left > 0 ? `${lasted(left)} left` : `expired ${lasted(-left)} ago`;
}

function lasted(ms) {
  const minutes = ms / 60_000;
  if (minutes < 60) return `${Math.max(1, Math.round(minutes))} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

const quietest = ({ health }) => {
  const levels = Object.values(health?.level_dbfs ?? {});
  return levels.length ? Math.min(...levels) : null;
};

/** The columns: `value` is what is sorted by, null for what is not known. */
export const COLUMNS = [
  { name: "device", title: "Box", value: (box) => box.device },
  { name: "state", title: "State, and why", value: (box) => SEVERITY(box.state) },
  { name: "seen", title: "Last seen", value: (box) => (box.online ? "~" : (box.last_seen ?? "")) },
  { name: "program", title: "Program", value: program },
  { name: "temperature", title: "Heat", unit: "°C", numeric: true, value: (box) => box.health?.temperature_c },
  { name: "throttled", title: "Throttled", value: ({ health }) => health && Number(health.throttled) },
  { name: "outbox", title: "Outbox", unit: "events", numeric: true, value: (box) => box.health?.waiting_events },
  { name: "words", title: "Words", unit: "a minute", numeric: true, value: (box) => box.health?.words_per_min },
  { name: "level", title: "Level", unit: "dBFS", numeric: true, value: quietest },
  { name: "certificate", title: "Certificate", value: (box) => box.certificate_ends_at },
];
