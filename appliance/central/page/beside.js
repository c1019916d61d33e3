// Beside a call: a short text for the agent, and that somebody is with them.

import { el } from "./dom.js";

const MAX_TEXT = 200; // as `delivery.orders.MAX_GUIDANCE`
const TONES = [["calm", "Calm"], ["firm", "Firm"], ["urgent", "Urgent"]];

/** `ofCall` and `ofBox` are `orders` of the call and of its box. */
export function beside(ofCall, ofBox) {
  const text = el("input", { id: "guidance", maxLength: MAX_TEXT, autocomplete: "off", required: true });
  const tone = el("select", { id: "tone" }, TONES.map(([value, name]) => el("option", { value }, name)));
  const send = el("button", { type: "submit", className: "order" }, "Send to the agent");
  const form = el(
    "form",
    { className: "guidance", onsubmit },
    el("label", { for: "guidance" }, "Text for the agent"),
    text,
    el("label", { for: "tone" }, "Tone"),
    tone,
    send,
  );

  async function onsubmit(event) {
    event.preventDefault();
    send.disabled = true;
    const body = { text: text.value.trim(), tone: tone.value };
    if (body.text && (await ofCall.tell("guidance", body, `The agent is shown: ${body.text}`))) text.value = "";
    send.disabled = false;
    text.focus({ preventScroll: true });
  }

  const joined = (action, name, said) => ofCall.button("supervisor", name, { action }, said, "plain");
  return el(
    "section",
    { className: "beside", "aria-label": "Help the agent" },
    el("h2", {}, "Help the agent"),
    form,
    el(
      "p",
      { className: "row-of-buttons" },
      joined("joined", "I have joined", "The agent is told that you are with them."),
      joined("released", "I have left", "The agent is told that you have left."),
      ofBox.button("identify", "Show me the box", {}, "The box blinks for ten seconds.", "plain"),
    ),
    ofBox.result,
  );
}
