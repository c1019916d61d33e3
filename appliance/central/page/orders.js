// What a person has a box do: buttons, and what became of each, told to everybody.

import { el } from "./dom.js";
import { changing } from "./me.js";

/** Orders to one address of the API, such as `devices/desk-1`. `result` is the place where it stands what became of
 * them; `after()` gives the element that gets the focus when a button has done its work and is gone. */
export function orders(address, after) {
  const done = el("p", { className: "done", role: "status" });
  const failure = el("p", { className: "failure", role: "alert" });

  /** Have the box do `what`; `said` is what is told when it did. Gives whether it did. */
  async function tell(what, body, said) {
    done.textContent = "Telling the box…";
    failure.textContent = "";
    try {
      const request = { method: "POST", headers: await changing(), body: JSON.stringify(body) };
      const answer = await fetch(`/api/${address}/${what}`, request);
      if (!answer.ok) throw new Error((await answer.json()).error);
      done.textContent = said;
      return true;
    } catch (error) {
      done.textContent = "";
      failure.textContent = `The box did not do it: ${error.message}.`;
      return false;
    }
  }

  /** A button that has the box do `what`. */
  function button(what, text, body, said, className = `order ${what}`) {
    async function onclick(event) {
      event.target.disabled = true;
      const ok = await tell(what, body, said);
      event.target.disabled = false;
      if (ok && !event.target.isConnected) after().focus({ preventScroll: true });
      else if (event.target.isConnected) event.target.focus({ preventScroll: true });
    }
    return el("button", { type: "button", className, "data-focus": `${what}-${text}`, onclick }, text);
  }

  return { result: el("div", { className: "result" }, done, failure), tell, button };
}
