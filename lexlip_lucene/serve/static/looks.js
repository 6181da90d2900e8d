// From the same things to the same look: the share of looks in the score, moved by dragging or by the arrow keys.
import { changed, go } from "./address.js";

const PAUSE = 90; // milliseconds between two searches while the share is dragged

export function watchLooks() {
  let soon = null;
  let dragged = false;
  const results = document.getElementById("results");
  const sliderOf = (event) => event.target.closest(".looks input[type=range]");
  const address = (slider) => changed({ by: "", looks: slider.value });

  results.addEventListener("input", (event) => {
    const slider = sliderOf(event);
    if (!slider) return;
    say(slider);
    clearTimeout(soon);
    soon = setTimeout(() => {
      go(address(slider), { replace: dragged, parts: ["hits"] });
      dragged = true;
    }, PAUSE);
  });
  results.addEventListener("change", (event) => {
    const slider = sliderOf(event);
    if (!slider) return;
    clearTimeout(soon);
    go(address(slider), { replace: dragged });
    dragged = false;
  });
}

function say(slider) {
  const percent = Math.round(100 * slider.value);
  slider.setAttribute("aria-valuetext", `the look counts ${percent} %`);
  slider.closest(".looks").querySelector("output").textContent = `${percent} %`;
}
