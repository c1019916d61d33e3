// What one may have a box do, in its row of the fleet.

import { el } from "./dom.js";
import { me } from "./me.js";
import { orders } from "./orders.js";

const BRIGHTNESS = [1, 0.6, 0.3, 0.1]; // times what the light would be

/** Buttons for one box; what became of them is put into `results`, which all boxes share. */
export function boxOrders(device, results) {
  const order = orders(`devices/${encodeURIComponent(device)}`, () => results);
  const show = () => results.replaceChildren(order.result);
  const identify = order.button("identify", "Identify", {}, `${device} blinks for ten seconds.`, "small");
  identify.setAttribute("aria-label", `Identify ${device}`);
  identify.addEventListener("click", show);
  const choice = el(
    "select",
    { "aria-label": `Brightness of ${device}`, "data-focus": "brightness", hidden: true, onchange: dim },
    el("option", { value: "" }, "Brightness"),
    BRIGHTNESS.map((value) => el("option", { value: String(value) }, `${value * 100} %`)),
  );

  async function dim() {
    show();
    const brightness = Number(choice.value);
    if (brightness) await order.tell("config", { brightness }, `${device} shines at ${brightness * 100} % until it starts anew.`);
    choice.value = "";
  }

  me().then(({ roles }) => (choice.hidden = !roles.includes("administrator")));
  return [identify, choice];
}
