// Scores, weights and times are behind one switch, which this browser keeps.

const KEY = "figures";
const page = document.documentElement;

export function watchFigures() {
  const link = document.getElementById("figures");
  const show = (are) => {
    page.classList.toggle("figures", are);
    link.textContent = are ? "Hide figures" : "Show figures";
  };
  show(page.classList.contains("figures") || localStorage.getItem(KEY) === "1");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const are = !page.classList.contains("figures");
    localStorage.setItem(KEY, are ? "1" : "");
    show(are);
  });
}
