// The address of the page, which is all of its state: reading it, changing it, and going to another.

export const home = new URL("..", import.meta.url).pathname; // where the page is, below a proxy's path or not

let draw = async () => {}; // what draws an address, handed over by the page

/** Let `drawing(url, { before, parts, focus })` draw whatever address is gone to. */
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

/** The address of the page with some parameters changed; "" takes one away, and so does []. */
export function changed(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ hit: "", against: "", k: "", ...changes })) {
    url.searchParams.delete(name);
    for (const each of [value].flat()) if (each !== "") url.searchParams.append(name, each);
  }
  return url;
}
