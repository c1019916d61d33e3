// The light of a device as a picture and in words: never by colour alone.

import { el } from "./dom.js";
import { levelName } from "./words.js";

/** Everything the picture depends on. */
export function lampLook(device) {
  return [device.light, device.online];
}

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
    { className: "lamp", "data-level": level, "data-blinking": blinking && "true" },
    el("span", { className: "bulb", "aria-hidden": "true" }),
    el(
      "p",
      {},
      el("strong", { className: "level" }, state),
      manner && el("span", { className: "manner" }, ` ${manner}`),
      known && light.reason && el("span", { className: "reason" }, light.reason),
    ),
  );
}
