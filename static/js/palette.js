/** The palette (Ctrl/⌘ K): finds pages, actions, and what each app adds (patients). The server answers components/palette_results.html. */
import { closeDialog, openDialog } from "./dialog.js";
import { activate, active, options, walk } from "./listbox.js";

const dialog = () => document.getElementById("palette");
const list = () => document.getElementById("palette-list");
/** What the options are the answer to, and what Enter was pressed for before its answer was there. */
let answered = null;
let awaited = null;

function open() {
  openDialog(dialog());
  const input = dialog().querySelector("input");
  input.select();
  htmx.trigger(input, "palette:open");
}

function choose(option, newTab) {
  if (!option) return;
  closeDialog(dialog(), true);
  if (option.dataset.open) htmx.ajax("GET", option.dataset.open, { target: "#modal", swap: "innerHTML" });
  else if (newTab) window.open(option.dataset.href, "_blank", "noopener");
  else location.assign(option.dataset.href);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) open();
  const option = event.target.closest('#palette-list [role="option"]:not([aria-disabled])');
  if (option) choose(option, event.ctrlKey || event.metaKey);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("#palette input") || walk(event.target, list(), event)) return;
  if (event.key === "Enter") {
    event.preventDefault();
    const text = event.target.value;
    if (text === answered) choose(active(list()), event.ctrlKey || event.metaKey);
    else {
      awaited = text;
      htmx.trigger(event.target, "palette:open");
    }
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "palette-list") return;
  const input = dialog().querySelector("input");
  answered = event.detail.requestConfig.parameters.q ?? "";
  activate(input, list(), options(list())[0]);
  if (awaited !== null && dialog().open && awaited === answered && input.value === answered) choose(active(list()));
  if (awaited === answered || awaited !== input.value) awaited = null;
});
