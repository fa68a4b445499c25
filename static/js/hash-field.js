/**
 * What is typed into <input data-hash="q"> stands behind the # of the address: coming back or loading again finds it there, and no server, proxy or
 * log ever sees it. Patients' names must not be in addresses.
 */
import { onLoad } from "./on-load.js";

const read = () => new URLSearchParams(location.hash.slice(1));

function write(name, value) {
  const all = read();
  if (value) all.set(name, value);
  else all.delete(name);
  const hash = all.toString();
  history.replaceState(history.state, "", hash ? `#${hash}` : `${location.pathname}${location.search}`);
}

onLoad("input[data-hash]", (input) => {
  const kept = read().get(input.dataset.hash);
  if (kept && !input.value) {
    input.value = kept;
    const search = () => htmx.trigger(input.form, "submit");
    if (document.readyState === "complete") search();
    else window.addEventListener("load", search, { once: true });
  }
  input.addEventListener("input", () => write(input.dataset.hash, input.value.trim()));
});
// A filter that was clicked shows its own list: what was typed no longer applies.
document.addEventListener("htmx:pushedIntoHistory", () => {
  for (const input of document.querySelectorAll("input[data-hash]")) input.value = "";
});
