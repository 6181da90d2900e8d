// The query's words: weights, moved by dragging or by the arrow keys; added words; the rest of a long list.
import { changed, go, home } from "./address.js";
import { fail, reason, told } from "./status.js";

const PAUSE = 90; // milliseconds between two searches while a weight is dragged
const ADDED = 100; // weight of an added word for which the model gives none

/** Return the edited weights, as token → weight. */
function edits() {
  const written = new URL(location.href).searchParams.get("weights") ?? "";
  const found = new Map();
  for (const pair of written.split(" ").filter(Boolean)) {
    const colon = pair.lastIndexOf(":");
    found.set(pair.slice(0, colon), Number(pair.slice(colon + 1)));
  }
  return found;
}

function withEdits(changes) {
  const all = edits();
  for (const [tokens, weight] of changes) for (const token of tokens.split(" ")) all.set(token, weight);
  return changed({ weights: [...all].map(([token, weight]) => `${token}:${weight}`).join(" ") });
}

export function watchWords() {
  let soon = null;
  let dragged = false;
  const results = document.getElementById("results");

  results.addEventListener("input", (event) => {
    const slider = event.target.closest(".chip input[type=range]");
    if (!slider) return;
    const chip = slider.closest(".chip");
    chip.querySelector(".amount").textContent = slider.value;
    clearTimeout(soon);
    soon = setTimeout(() => {
      go(withEdits([[chip.dataset.token, Number(slider.value)]]), { replace: dragged, parts: ["hits"] });
      dragged = true;
    }, PAUSE);
  });
  results.addEventListener("change", (event) => {
    if (!event.target.closest(".chip input[type=range]")) return;
    const chip = event.target.closest(".chip");
    clearTimeout(soon);
    go(withEdits([[chip.dataset.token, Number(event.target.value)]]), { replace: dragged });
    dragged = false;
  });
  results.addEventListener("keydown", (event) => {
    const slider = event.target.closest(".chip input[type=range]");
    if (!slider || !["Delete", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    slider.closest(".chip").querySelector("[data-focus^='remove']").click();
  });
  results.addEventListener("click", (event) => {
    const button = event.target.closest("#all-words");
    if (!button) return;
    results.classList.add("all");
  });
  results.addEventListener("click", (event) => {
    const button = event.target.closest("#weigh"); // seen on a narrow screen only
    if (button) button.setAttribute("aria-pressed", String(results.classList.toggle("weighing")));
  });
  results.addEventListener("submit", (event) => {
    if (event.target.id !== "add") return;
    event.preventDefault();
    const word = event.target.querySelector("input").value.trim();
    if (word) add(word);
  });
}

async function add(word) {
  try {
    const answer = await fetch(`${home}api/encode?text=${encodeURIComponent(word)}`);
    const text = await answer.text();
    if (!answer.ok) return fail(told(text));
    const { weights: encoded, called } = JSON.parse(text);
    const tokens = Object.keys(encoded).filter((token) => !called.includes(token));
    if (!tokens.length) return fail(`The model does not know the word “${word}”.`);
    const typed = (new URL(location.href).searchParams.get("query") ?? "").trim();
    if (typed) return await go(changed({ query: `${typed} ${word}` }), { focus: "add" });
    const weights = [...document.querySelectorAll(".chip input[type=range]")].map((each) => Number(each.value));
    const heaviest = Math.max(ADDED, ...weights);
    await go(withEdits(tokens.slice(0, 4).map((token) => [token, heaviest])), { focus: "add" });
  } catch (error) {
    fail(reason(error));
  }
}
