/**
 * The calendar without a mouse: arrows walk from visit to visit, Shift with arrows takes one up and moves it (Enter drops it, Escape lets it be), C books the
 * time after the visit. What is moved is said in [data-said].
 */
import { cancel, create, drop, isLifted, lift, shift } from "./calendar-drag.js";
import { isTyping } from "./on-load.js";

const STEPS = { ArrowUp: [-5, 0], ArrowDown: [5, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const topOf = (block) => Number(block.style.getPropertyValue("--s"));
const blocksOf = (column) => [...column.querySelectorAll("a.ev")];

/** The visit to go to from another one, or into the grid. */
function next(grid, from, key) {
  const columns = [...grid.querySelectorAll(".pcol")];
  if (!from) {
    const top = grid.getBoundingClientRect().top;
    const seen = columns.flatMap(blocksOf);
    return seen.find((block) => block.getBoundingClientRect().top > top + 60) ?? seen[0];
  }
  const at = columns.indexOf(from.closest(".pcol"));
  const own = blocksOf(columns[at]);
  if (key === "ArrowDown") return own[own.indexOf(from) + 1];
  if (key === "ArrowUp") return own[own.indexOf(from) - 1];
  const others = key === "ArrowRight" ? columns.slice(at + 1) : columns.slice(0, at).reverse();
  const blocks = others.map(blocksOf).find((found) => found.length) ?? [];
  return blocks.sort((a, b) => Math.abs(topOf(a) - topOf(from)) - Math.abs(topOf(b) - topOf(from)))[0];
}

function say(text) {
  document.querySelector("[data-said]").textContent = text;
}

document.addEventListener("keydown", (event) => {
  const grid = document.activeElement?.closest?.("[data-calendar] .cgrid");
  if (!grid || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const block = document.activeElement.closest("a.ev");
  const step = STEPS[event.key];
  if (step && event.shiftKey && block?.dataset.move) {
    if (!isLifted()) lift(block);
    say(shift(...step));
  } else if (step && isLifted()) say(shift(...step));
  else if (event.key === "Enter" && isLifted()) drop();
  else if (step && (block || document.activeElement === grid)) {
    const found = next(grid, block, event.key);
    if (!found) return;
    found.focus();
    found.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (event.key.toLowerCase() === "c" && block && grid.closest("[data-book]") && block.closest("[data-column]")) {
    const { first } = grid.closest("[data-calendar]").dataset;
    create(block.closest("[data-column]"), Number(first) + topOf(block) + Number(block.style.getPropertyValue("--d")));
  } else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
document.addEventListener("focusout", () => { if (isLifted()) cancel(); });
