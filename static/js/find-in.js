/**
 * A search field above the list that it fills: <input data-finds="#list"> in an hx form. Down goes into the rows, Up from the first row comes back;
 * Enter opens the first hit, and waits for the answer to what is typed when it is not there yet.
 */
import { keyRow, markRow } from "./rows.js";

const FIELD = "input[data-finds]";
const rowsOf = (input) => [...(document.querySelector(input.dataset.finds)?.querySelectorAll("[data-rows] tbody > tr, [data-rows] [data-row]") ?? [])];
/** Per field: the text that the rows are the answer to. @type {WeakMap<HTMLInputElement, string>} */
const answered = new WeakMap();
let awaited = null;

const openFirst = (input) => rowsOf(input)[0]?.querySelector("[data-row-main], a[href]")?.click();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const input = event.target.closest?.(FIELD);
  if (!input) {
    const field = event.key === "ArrowUp" && keyRow() ? [...document.querySelectorAll(FIELD)].find((one) => rowsOf(one)[0] === keyRow()) : null;
    if (!field || !keyRow().contains(event.target)) return;
    event.preventDefault();
    field.focus();
    return;
  }
  if (event.key === "ArrowDown" && rowsOf(input).length) {
    event.preventDefault();
    markRow(rowsOf(input)[0]);
  }
  const text = input.value.trim();
  if (event.key !== "Enter" || !text) return;
  event.preventDefault();
  if (answered.get(input) === text) openFirst(input);
  else {
    awaited = text;
    htmx.trigger(input.form, "submit");
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  const input = event.detail.requestConfig?.elt?.querySelector?.(FIELD);
  if (!input) return;
  const text = String(event.detail.requestConfig.parameters.q ?? "").trim();
  answered.set(input, text);
  if (awaited === text && input.value.trim() === text && document.activeElement === input) openFirst(input);
  if (awaited === text || awaited !== input.value.trim()) awaited = null;
});
