// Searching by a picture: chosen, dropped or pasted, the server encodes it and keeps nothing; its words are the query.
import { changed, go, home } from "./address.js";
import { busy, fail, reason, told } from "./status.js";

const KEPT = 128; // tokens of a picture that go into the address

async function searchBy(file) {
  busy(true);
  const body = new FormData();
  body.append("image", file);
  try {
    const answer = await fetch(`${home}api/encode`, { method: "POST", body });
    const text = await answer.text();
    if (!answer.ok) return fail(told(text));
    const weights = Object.entries(JSON.parse(text).weights).slice(0, KEPT);
    if (!weights.length) return fail("The model sees no word in this picture.");
    const written = weights.map(([token, weight]) => `${token}:${weight}`).join(" ");
    await go(changed({ query: "", like: "", exclude: [], weights: written }));
  } catch (error) {
    fail(reason(error));
  } finally {
    busy(false);
  }
}

export function watchPictures() {
  const input = document.getElementById("picture");
  input.addEventListener("change", () => {
    if (input.files.length) searchBy(input.files[0]);
    input.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
    if (file) searchBy(file);
  });
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  for (const end of ["dragleave", "dragend"])
    document.addEventListener(end, (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dragging");
    });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    document.body.classList.remove("dragging");
    searchBy(event.dataTransfer.files[0]);
  });
}
