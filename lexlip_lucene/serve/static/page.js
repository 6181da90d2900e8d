// The page lives in its address: every change is a new address, which the server draws.
import { changed, go, home, onGo } from "./address.js";
import { watchFigures } from "./figures.js";
import { openHit, closeHit, watchHit } from "./hit.js";
import { watchLooks } from "./looks.js";
import { watchPictures } from "./picture.js";
import { busy, fail, reason, told } from "./status.js";
import { watchWords } from "./words.js";

const PAUSE = 220; // milliseconds without a key until the words are searched for
const results = document.getElementById("results");
const status = document.getElementById("status");
const field = document.getElementById("query");

let underWay = null; // the pending request; an older one is dropped
let typing = false; // true if the newest address is from typing: the next letter then replaces it

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
  const about = query || (url.searchParams.get("picture") && "your picture");
  document.title = about ? `${about} – image search` : "image search";
}

function draw(html, parts, focus) {
  const drawn = new DOMParser().parseFromString(html, "text/html");
  const active = focus ?? document.activeElement?.dataset?.focus;
  const unfolded = [...results.querySelectorAll(".filter[open]")].map((each) => each.dataset.field);
  const said = drawn.getElementById("said").content;
  for (const id of parts ?? []) document.getElementById(id)?.replaceWith(drawn.getElementById(id) ?? "");
  if (!parts) results.replaceChildren(...drawn.body.childNodes);
  for (const each of results.querySelectorAll(".filter")) each.open = unfolded.includes(each.dataset.field);
  if (status.textContent !== said.textContent) status.replaceChildren(...said.childNodes);
  watchMore();
  if (active && !parts) document.querySelector(`[data-focus="${CSS.escape(active)}"]`)?.focus();
}

let pause = null;
function searchForWords() {
  clearTimeout(pause);
  if ((new URL(location.href).searchParams.get("query") ?? "") === field.value.trim()) return;
  go(changed({ query: field.value.trim(), weights: "", like: "", picture: "", by: "", looks: "" }), { replace: typing });
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

// Endless scrolling: the button for more is pressed when it is near, once the page has been scrolled.
const nearing = new IntersectionObserver(
  (seen) => {
    for (const each of seen.filter((one) => one.isIntersecting)) {
      if (scrollY) more(each.target);
      else addEventListener("scroll", watchMore, { once: true, passive: true });
    }
  },
  { rootMargin: "400px" },
);
async function more(link) {
  nearing.unobserve(link);
  const top = scrollY;
  await go(link.href, { replace: true, parts: ["hits"] });
  scrollTo(0, top);
  watchMore();
}
function watchMore() {
  nearing.disconnect();
  for (const each of document.querySelectorAll("#hits .more a")) nearing.observe(each);
}

onGo(show);
watchMore();
watchFigures();
watchWords();
watchLooks();
watchPictures();
watchHit();
document.body.dataset.ready = "true";
