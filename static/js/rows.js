/**
 * Walk a list with j and k (or ↓ and ↑ when a row has focus): <div data-rows> around elements with data-row (or a table's rows), each with an id.
 * The marked row has .is-key; Enter opens its first link; keys of its own are data-row-shortcut="e" on buttons inside it (shortcuts.js presses them).
 */
import { isTyping } from "./on-load.js";

let keyId = null;
const rowsOf = (list) => [...list.querySelectorAll("[data-row], tbody > tr")].filter((row) => row.checkVisibility());
const lists = () => [...document.querySelectorAll("[data-rows]")].filter((list) => list.checkVisibility());

/** The row that keys act on, if any. @returns {HTMLElement | null} */
export const keyRow = () => document.querySelector("[data-rows] .is-key");

/** @param {HTMLElement} row @param {boolean} [focus] */
export function markRow(row, focus = true) {
  keyRow()?.classList.remove("is-key");
  row.classList.add("is-key");
  keyId = row.id || null;
  if (!focus) return;
  const main = row.matches("a, button, [tabindex]") ? row : row.querySelector("[data-row-main], a[href], button");
  main?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  row.dispatchEvent(new CustomEvent("row:mark", { bubbles: true }));
}

function walk(step) {
  const now = keyRow();
  const list = now?.closest("[data-rows]") ?? lists()[0];
  if (!list) return false;
  const rows = rowsOf(list);
  if (!rows.length) return false;
  const at = rows.indexOf(now);
  markRow(rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))]);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog:modal, .menu:popover-open")) return;
  if (document.documentElement.dataset.keys === "off" && "jk".includes(event.key)) return;
  const inRow = event.target.closest?.("[data-rows] .is-key");
  const step = event.key === "j" || (event.key === "ArrowDown" && inRow) ? 1 : event.key === "k" || (event.key === "ArrowUp" && inRow) ? -1 : 0;
  if (step && walk(step)) event.preventDefault();
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-rows] [data-row], [data-rows] tbody > tr");
  if (row && !row.classList.contains("is-key") && event.target.matches(":focus-visible")) markRow(row, false);
});
// A refresh renders rows without the mark: put it back where it was.
document.addEventListener("htmx:afterSwap", () => {
  if (!keyId || keyRow()) return;
  const row = document.getElementById(keyId);
  if (row?.closest("[data-rows]")) row.classList.add("is-key");
});
