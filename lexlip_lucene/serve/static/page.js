// The page lives in its address: every change is a new address, and what it leads to is drawn by the server.
import { openHit, closeHit, watchHit } from "./hit.js";
import { watchPictures } from "./picture.js";
import { watchWords } from "./words.js";

export const home = new URL("..", import.meta.url).pathname; // where the page is, below a proxy's path or not
const PAUSE = 220; // milliseconds without a key until the words are searched for
const results = document.getElementById("results");
const status = document.getElementById("status");
const field = document.getElementById("query");

let underWay = null; // the request whose answer is waited for; an older one is dropped
let typing = false; // whether the newest address came from typing: the next letter then replaces it

/** Go to an address of this page. `replace`: no new step in the history; `parts`: draw these alone. */
export async function go(address, { replace = false, parts = null, focus = null } = {}) {
  const url = new URL(address, location.href);
  const before = new URL(location.href);
  history[replace ? "replaceState" : "pushState"]({}, "", url);
  await show(url, { before, parts, focus });
}

/** The address of the page with some parameters changed; "" takes one away, and so does []. */
export function changed(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ hit: "", against: "", k: "", ...changes })) {
    url.searchParams.delete(name);
    for (const each of [value].flat()) if (each !== "") url.searchParams.append(name, each);
  }
  return url;
}

async function show(url, { before = null, parts = null, focus = null } = {}) {
  const hit = url.searchParams.get("hit");
  if (!before || withoutHit(before) !== withoutHit(url)) await search(url, parts, focus);
  if (hit) await openHit(url);
  else closeHit();
}

function withoutHit(url) {
  const copy = new URL(url);
  for (const name of ["hit", "against"]) copy.searchParams.delete(name);
  copy.searchParams.sort();
  return copy.search;
}

async function search(url, parts, focus) {
  underWay?.abort();
  const mine = (underWay = new AbortController());
  const waiting = setTimeout(() => busy(true), 120);
  try {
    const answer = await fetch(`${home}results${url.search}`, { signal: mine.signal });
    const drawn = await answer.text();
    if (mine !== underWay) return;
    if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error(told(drawn));
    draw(drawn, parts, focus);
  } catch (error) {
    if (error.name !== "AbortError") fail(reason(error));
  } finally {
    clearTimeout(waiting);
    if (mine === underWay) busy(false);
  }
  const query = url.searchParams.get("query") ?? "";
  if (document.activeElement !== field) field.value = query;
  document.title = query ? `${query} – image search` : "image search";
}

function draw(html, parts, focus) {
  const drawn = new DOMParser().parseFromString(html, "text/html");
  const active = focus ?? document.activeElement?.dataset?.focus;
  const said = drawn.getElementById("said").content.textContent.trim().replace(/\s+/g, " ");
  for (const id of parts ?? []) document.getElementById(id)?.replaceWith(drawn.getElementById(id) ?? "");
  if (!parts) results.replaceChildren(...drawn.body.childNodes);
  if (status.textContent !== said) status.textContent = said;
  if (active && !parts) document.querySelector(`[data-focus="${CSS.escape(active)}"]`)?.focus();
}

/** Say what went wrong, with the page as it was. */
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

export function busy(is) {
  document.body.classList.toggle("busy", is);
  results.setAttribute("aria-busy", String(is));
  if (is) status.textContent = "Searching…";
}

/** What to say of an error: `fetch` has a TypeError for a server that does not answer. */
export function reason(error) {
  return error instanceof TypeError ? "The server can’t be reached." : error.message;
}

/** The reason in a JSON answer. */
export function told(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return "The server did not answer as it should.";
  }
}

let pause = null;
function searchForWords() {
  clearTimeout(pause);
  if ((new URL(location.href).searchParams.get("query") ?? "") === field.value.trim()) return;
  go(changed({ query: field.value.trim(), weights: "", like: "" }), { replace: typing });
  typing = true;
}

field.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(searchForWords, PAUSE);
});
document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  searchForWords();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.go, a.open");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  typing = false;
  go(link.href);
});
window.addEventListener("popstate", () => {
  typing = false;
  field.value = new URL(location.href).searchParams.get("query") ?? "";
  show(new URL(location.href));
});

watchWords();
watchPictures();
watchHit();
document.body.dataset.ready = "true";
