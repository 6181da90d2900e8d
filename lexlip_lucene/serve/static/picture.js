// Searching by a picture: chosen, dropped or pasted, the server encodes it and keeps it for a while under a short id.
import { changed, go, home } from "./address.js";
import { busy, fail, reason, told } from "./status.js";

async function searchBy(file) {
  busy(true, "Looking at the picture…");
  const body = new FormData();
  body.append("image", file);
  try {
    const answer = await fetch(`${home}api/pictures`, { method: "POST", body });
    const text = await answer.text();
    if (!answer.ok) return fail(told(text));
    const sent = JSON.parse(text);
    if (!Object.keys({ ...sent.weights, ...sent.looks }).length) return fail("The model sees no word in this picture.");
    await go(changed({ query: "", like: "", exclude: [], weights: "", by: "", looks: "", picture: sent.picture }));
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
  document.addEventListener("click", (event) => event.target.closest(".choose") && input.click());
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
