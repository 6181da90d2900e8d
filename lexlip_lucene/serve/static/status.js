// Messages of the page about itself: a search under way, and failures.

const results = document.getElementById("results");
const status = document.getElementById("status");

/** Show a failure, in place of the results. */
export function fail(message) {
  const note = document.createElement("section");
  note.className = "note problem";
  const title = document.createElement("h2");
  title.textContent = "That did not work";
  const text = document.createElement("p");
  text.textContent = message;
  note.append(title, text);
  results.replaceChildren(note);
  status.textContent = `That did not work. ${message}`;
}

export function busy(is, said = "Searching…") {
  document.body.classList.toggle("busy", is);
  results.setAttribute("aria-busy", String(is));
  if (is) status.textContent = said;
}

/** Return the message of an error: `fetch` has a TypeError for a server that does not answer. */
export function reason(error) {
  return error instanceof TypeError ? "The server can’t be reached." : error.message;
}

/** Return the reason in a JSON answer. */
export function told(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return "The server did not answer as it should.";
  }
}
