// Signing in: by name and password, by the customer's own provider (OpenID Connect), or by a link that stands behind the
// # of the address (it never reaches a log). What the provider's answer came to stands behind the #, too.

const REFUSED = {
  unreachable: "The sign-in service cannot be reached now. Try again in a moment, or sign in with name and password.",
  refused: "The sign-in service did not let you in.",
  expired: "That took too long, or began in another window. Try again.",
  invalid: "The answer of the sign-in service could not be trusted. Try again; if it stays so, tell your administrator.",
  no_role: "You are known, but nothing says what you may do here. Ask your administrator for a role, or take another account.",
  too_many: "Too many tries. Wait some minutes.",
};
const BACK = "undertone-back";

const form = document.getElementById("form");
const failure = document.getElementById("failure");
const openid = document.getElementById("openid-link");
const link = /^#link=([\w-]+)$/.exec(location.hash)?.[1];
const answer = /^#openid=(\w+)$/.exec(location.hash)?.[1];
const wanted = location.hash.startsWith("#/") ? location.hash : "";

async function signIn(body) {
  failure.textContent = "";
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/sign-in", { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.ok) location.replace(`/${wanted}`);
    else failure.textContent = `Not signed in: ${(await answer.json()).error}.`;
  } catch {
    failure.textContent = "The server cannot be reached. Try again in a moment.";
  }
}

/** Show the button of the provider, where there is one. */
async function offer() {
  const ways = await (await fetch("/api/sign-in")).json();
  openid.textContent = ways.openid;
  // Whoever was refused is asked who they are: else the provider would send the same account again.
  if (answer === "no_role") openid.href += "?again=1";
  document.getElementById("openid").hidden = ways.openid === null;
}

openid.addEventListener("click", () => sessionStorage.setItem(BACK, wanted));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn({ name: form.elements.name.value.trim(), password: form.elements.password.value });
});

if (answer === "done") {
  // The session's cookie goes with no request that another site began: this one is our own.
  location.replace(`/${sessionStorage.getItem(BACK) ?? ""}`);
} else if (link) {
  history.replaceState(null, "", "/sign-in");
  signIn({ link });
} else {
  if (answer) history.replaceState(null, "", "/sign-in");
  failure.textContent = answer ? (REFUSED[answer] ?? "Not signed in.") : "";
  offer().catch(() => {}); // the form is there in any case
  form.elements.name.focus();
}
