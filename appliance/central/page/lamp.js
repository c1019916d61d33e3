// The light of a device as a picture and in words: never by colour alone.

import { el } from "./dom.js";
import { levelName } from "./words.js";

/** Everything the picture depends on. */
export function lampLook(device) {
  return [device.light, device.online];
}

/** Why the box hears nothing now, by wish: mute is stronger than a pause. */
const deaf = (light) => (light.muted ? "muted" : light.paused ? "paused" : false);

export function lamp(device) {
  const light = device.light;
  const known = light !== null && device.online;
  const level = known ? light.level : "unknown";
  const blinking = known && light.blinking;
  const state = !known ? "Light unknown" : levelName(level);
  const manner = blinking
    ? "blinking, waiting for someone to see it"
    : known && level !== "normal"
      ? "steady, seen"
      : "";
  return el(
    "div",
    { className: "lamp", "data-level": level, "data-blinking": blinking && "true", "data-deaf": known && deaf(light) },
    el("span", { className: "bulb", "aria-hidden": "true" }),
    el(
      "p",
      {},
      el("strong", { className: "level" }, state),
      manner && el("span", { className: "manner" }, ` ${manner}`),
      known && light.muted && el("span", { className: "deaf" }, "Muted at the box: nothing is heard"),
      known && !light.muted && light.paused && el("span", { className: "deaf" }, "Paused from here: nothing is heard"),
      known && light.reason && el("span", { className: "reason" }, light.reason),
    ),
  );
}
