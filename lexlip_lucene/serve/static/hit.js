// A hit seen large: a dialog that the address opens and closes, with the places of words in the picture.
import { changed, go, home } from "./address.js";
import { fail, reason, told } from "./status.js";

const dialog = document.getElementById("hit");
const NO_MAP = matchMedia("(hover: none)").matches
  ? "Touch a word to see where it is, and once more to search by it."
  : "Point at a word, or move to it with Tab, to see where it is.";
const SOON = 60; // milliseconds

let opener = null; // had the focus, and gets it back

export async function openHit(url) {
  try {
    const answer = await fetch(`${home}hit${url.search}`);
    const drawn = await answer.text();
    if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error(told(drawn));
    if (new URL(location.href).search !== url.search) return; // another address was opened meanwhile
    dialog.replaceChildren(...new DOMParser().parseFromString(drawn, "text/html").body.childNodes);
    if (!dialog.open) {
      opener = document.activeElement?.dataset?.focus ?? null;
      dialog.showModal();
    }
    offerOthers();
    offerSteps();
    sayNoMap();
    dialog.scrollTop = 0;
    document.getElementById("hit-title").focus();
  } catch (error) {
    fail(reason(error));
  }
}

/** Say how a place is seen in the words of the device: the server can't know whether it has a pointer. */
function sayNoMap() {
  const said = document.getElementById("map-said");
  if (said) said.textContent = NO_MAP;
}

/** Return the address with the hit before or after the open one, in the order of the page; null at its ends. */
function beside(by) {
  const shown = [...new Set([...document.querySelectorAll("#hits a.open")].map((each) => each.dataset.hit))];
  const at = shown.indexOf(new URL(location.href).searchParams.get("hit"));
  const next = at < 0 ? undefined : shown[at + by];
  const k = new URL(location.href).searchParams.get("k") ?? ""; // as many hits as now: the list stays
  return next === undefined ? null : changed({ hit: next, k });
}

function step(by) {
  const address = beside(by);
  if (address) go(address, { replace: true });
}

/** Offer the hits before and after as links; the server can't know in which list this one was opened. */
function offerSteps() {
  const steps = dialog.querySelector(".steps");
  if (!steps) return;
  for (const [rel, by] of [["prev", -1], ["next", 1]]) {
    const link = steps.querySelector(`[rel=${rel}]`);
    const address = beside(by);
    link.hidden = !address;
    if (address) link.href = address;
  }
  steps.hidden = !steps.querySelector("a:not([hidden])");
}

/** Offer the other hits of the page for the comparison, the one that ranks above first. */
function offerOthers() {
  const field = document.getElementById("against");
  if (!field) return;
  const docid = field.form.dataset.hit;
  const shown = [...new Set([...document.querySelectorAll("#hits a.open")].map((each) => each.dataset.hit))];
  field.value = shown[shown.indexOf(docid) - 1] ?? shown.find((each) => each !== docid) ?? "";
  const list = document.getElementById("others");
  list.replaceChildren(...shown.filter((each) => each !== docid).map((each) => new Option(each, each)));
}

export function closeHit() {
  if (!dialog.open) return;
  dialog.close();
  dialog.replaceChildren();
  if (opener) document.querySelector(`[data-focus="${CSS.escape(opener)}"]`)?.focus();
}

export function watchHit() {
  if (dialog.open) {
    dialog.close();
    dialog.showModal();
    offerOthers();
    offerSteps();
    sayNoMap();
  }
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    go(changed({}), { focus: opener });
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) go(changed({}), { focus: opener });
  });
  dialog.addEventListener("click", (event) => {
    const link = event.target.closest(".steps a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    step(link.rel === "prev" ? -1 : 1);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const against = new FormData(event.target).get("against").trim();
    go(changed({ hit: event.target.dataset.hit, against }));
  });
  for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    dialog.addEventListener(on, (event) => event.target.closest("a.map") && showMap(event.target.closest("a.map")));
    dialog.addEventListener(off, (event) => event.target.closest("a.map") && showMap(null));
  }
  // On a screen that can't hover, the first touch of a word shows its place, and the second searches by it.
  dialog.addEventListener("click", (event) => {
    const link = event.target.closest("a.map");
    if (!link || dialog.dataset.token === link.dataset.token || !matchMedia("(hover: none)").matches) return;
    event.preventDefault();
    event.stopPropagation();
    document.getElementById("seen")?.parentElement.scrollIntoView({ block: "nearest" });
    showMap(link);
  });
}

let soon = null; // timer of the next map: a pointer that runs over many words loads only one
function showMap(link) {
  const seen = document.getElementById("seen");
  const said = document.getElementById("map-said");
  if (!seen) return;
  seen.dataset.plain ??= seen.getAttribute("src");
  clearTimeout(soon);
  soon = setTimeout(() => {
    dialog.dataset.token = link?.dataset.token ?? "";
    if (link) drawMap(seen, said, link);
    else {
      seen.src = seen.dataset.plain;
      showLate(null);
      sayNoMap();
    }
  }, SOON);
}

/** Show the late map at an address beside the picture, or none; what is below the pictures stays where it is. */
function showLate(address) {
  const late = document.getElementById("seen-late");
  if (!late) return;
  const both = late.parentElement;
  if (address && late.hidden) both.style.minHeight = `${both.getBoundingClientRect().height}px`;
  late.hidden = !address;
  if (address) late.src = address;
  else both.style.minHeight = "";
}

/** Draw the place of a link's token, unless another was pointed at meanwhile. */
async function drawMap(seen, said, link) {
  const { token } = link.dataset;
  const word = token.replace(/^##/, "");
  const address = `${seen.dataset.maps}?token=${encodeURIComponent(token)}`;
  const text = document.getElementById("seen-late")?.dataset.text;
  const late = text === undefined ? null : `${address}&late=true&text=${encodeURIComponent(text)}`;
  const isWanted = () => seen.isConnected && dialog.dataset.token === token;
  try {
    // which says what a picture can't, and leaves it in the browser's cache
    const answers = await Promise.all([address, late].filter(Boolean).map((each) => fetch(each)));
    const refused = answers.find((each) => !each.ok);
    if (refused) throw new Error(told(await refused.text()));
    if (!isWanted()) return;
    seen.src = address;
    showLate(late);
    const where = late
      ? `Where “${word}” is, framed where most: left by weight, right by patches.`
      : `Where “${word}” is: bright where the model sees it, framed where most.`;
    const whole = `“${word}” is of the picture as a whole: it has no place in it.`;
    said.textContent = answers[0].headers.get("Lexlip-Place") === "none" ? whole : where;
  } catch (error) {
    if (isWanted()) said.textContent = reason(error);
  }
}
