// A hit seen large: a dialog that the address opens and closes, and where in the picture a word is.
import { changed, fail, go, told } from "./page.js";

const dialog = document.getElementById("hit");
const CLOSED = "Point at a word, or move to it with Tab, to see where it is.";

let opener = null; // what had the focus, and gets it back

export async function openHit(url) {
  try {
    const answer = await fetch(`/hit${url.search}`);
    const drawn = await answer.text();
    if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error(told(drawn));
    if (new URL(location.href).search !== url.search) return; // something else was asked for meanwhile
    dialog.replaceChildren(...new DOMParser().parseFromString(drawn, "text/html").body.childNodes);
    if (!dialog.open) {
      opener = document.activeElement?.dataset?.focus ?? null;
      dialog.showModal();
    }
    dialog.scrollTop = 0;
    document.getElementById("hit-title").focus();
  } catch (error) {
    fail(error.message);
  }
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
  }
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    go(changed({}), { focus: opener });
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) go(changed({}), { focus: opener });
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const against = new FormData(event.target).get("against").trim();
    go(changed({ hit: event.target.dataset.hit, against }));
  });
  for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    dialog.addEventListener(on, (event) => showMap(event.target.closest("a.map")));
    dialog.addEventListener(off, (event) => event.target.closest("a.map") && showMap(null));
  }
}

function showMap(link) {
  const seen = document.getElementById("seen");
  if (!seen || (!link && !seen.dataset.plain)) return;
  seen.dataset.plain ??= seen.getAttribute("src");
  const said = document.getElementById("map-said");
  if (!link) {
    seen.src = seen.dataset.plain;
    said.textContent = CLOSED;
    return;
  }
  const token = link.dataset.token;
  seen.src = `${seen.dataset.maps}?token=${encodeURIComponent(token)}`;
  said.textContent = `Where “${token}” is: bright where the model sees it, framed where it sees it most.`;
}
