// Signing in: by name and password, or by a link that stands behind the # of the address (it never reaches a log).

const form = document.getElementById("form");
const failure = document.getElementById("failure");
const link = /^#link=([\w-]+)$/.exec(location.hash)?.[1];
const back = `/${link ? "" : location.hash}`;

async function signIn(body) {
  failure.textContent = "";
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/sign-in", { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.ok) location.replace(back);
    else failure.textContent = `Not signed in: ${(await answer.json()).error}.`;
  } catch {
    failure.textContent = "The server cannot be reached. Try again in a moment.";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn({ name: form.elements.name.value.trim(), password: form.elements.password.value });
});

if (link) {
  history.replaceState(null, "", "/sign-in");
  signIn({ link });
} else {
  form.elements.name.focus();
}
