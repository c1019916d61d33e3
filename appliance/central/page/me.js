// Who is signed in here.

let asked = null;

/** Give `{name, roles, csrf}`; whoever is not signed in (any more) is led to the page for that. */
export function me() {
  asked ??= ask().catch((error) => {
    asked = null; // the server is away for a moment
    throw error;
  });
  return asked;
}

/** Ask the server anew, because it has closed a connection: perhaps the session is over. */
export async function lookAgain() {
  try {
    await ask();
  } catch {
    // It cannot be reached; the feed tells that.
  }
}

/** Headers for a request that changes something. */
export async function changing() {
  return { "Content-Type": "application/json", "X-Undertone-CSRF": (await me()).csrf };
}

export async function signOut() {
  const answer = await fetch("/api/sign-out", { method: "POST", headers: await changing() });
  const { next } = answer.ok ? await answer.json() : {};
  location.replace(next ?? "/sign-in"); // perhaps to the provider, to sign out there, too
}

async function ask() {
  const answer = await fetch("/api/me");
  if (answer.status === 401) {
    location.replace(`/sign-in${location.hash}`);
    return new Promise(() => {}); // the page goes
  }
  return answer.json();
}
