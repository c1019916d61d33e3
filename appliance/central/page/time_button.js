// A moment of a call that one can go to.

import { el } from "./dom.js";
import { clock } from "./words.js";

/** A button that says a time and shows that place of the transcript; `focus` names it among its neighbours. */
export function timeButton(at_s, focus, show) {
  return el(
    "button",
    {
      type: "button",
      className: "time",
      "data-focus": focus,
      "aria-label": `Show ${clock(at_s)} in the transcript`,
      onclick: () => show(at_s),
    },
    clock(at_s),
  );
}
