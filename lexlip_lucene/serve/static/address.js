// The address of the page, which is all of its state: reading it, changing it, and leaving for another.

export const home = new URL("..", import.meta.url).pathname; // the page's own path, below a proxy's or not

let draw = async () => {}; // draws an address; the page hands it over

/** Let `drawing(url, { before, parts, focus })` draw every new address. */
export function onGo(drawing) {
  draw = drawing;
}

/** Go to an address of this page. `replace`: no new step in the history; `parts`: draw only these. */
export async function go(address, { replace = false, parts = null, focus = null } = {}) {
  const url = new URL(address, location.href);
  const before = new URL(location.href);
  history[replace ? "replaceState" : "pushState"]({}, "", url);
  await draw(url, { before, parts, focus });
}

/** Return the address of the page with some parameters changed; "" and [] remove one. */
export function changed(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ hit: "", against: "", k: "", ...changes })) {
    url.searchParams.delete(name);
    for (const each of [value].flat()) if (each !== "") url.searchParams.append(name, each);
  }
  return url;
}
