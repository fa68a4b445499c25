/**
 * Choose rows of a list: checkboxes with data-pick in [data-row] elements; shift-click chooses everything since the last one. [data-picked] is the bar
 * that shows while some are chosen, [data-picked-count] inside says how many. A button with data-pick-group="late" chooses the rows whose data-group
 * has that word ("*": all that are shown), data-pick-none lets go of all, and so does Escape. The server lets go with HX-Trigger: picked:clear.
 * Requests take the chosen ones along by hx-include="[data-pick]:checked". A refresh keeps them: a checkbox that was changed is left alone (morph.js).
 */
let last = null;
const boxes = () => [...document.querySelectorAll("[data-pick]")].filter((box) => box.checkVisibility());
const rowOf = (box) => box.closest("[data-row]");

function show() {
  const chosen = document.querySelectorAll("[data-pick]:checked").length;
  for (const box of document.querySelectorAll("[data-pick]")) rowOf(box)?.classList.toggle("is-picked", box.checked);
  for (const bar of document.querySelectorAll("[data-picked]")) {
    bar.hidden = !chosen;
    bar.querySelector("[data-picked-count]").textContent = String(chosen);
  }
  document.querySelector("[data-rows]:has([data-pick])")?.classList.toggle("is-picking", chosen > 0);
}

function clear() {
  for (const box of document.querySelectorAll("[data-pick]:checked")) box.checked = false;
  last = null;
  show();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick]");
  const group = event.target.closest("[data-pick-group]")?.dataset.pickGroup;
  if (box) {
    const all = boxes();
    const [from, to] = [all.findIndex((one) => one.id === last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    last = box.id;
    show();
  } else if (group) {
    for (const one of boxes()) one.checked = group === "*" || (rowOf(one)?.dataset.group ?? "").split(" ").includes(group);
    event.target.closest(".menu")?.hidePopover();
    show();
  } else if (event.target.closest("[data-pick-none]")) clear();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog:modal, :popover-open") && document.querySelector("[data-pick]:checked")) clear();
});
document.addEventListener("picked:clear", clear);
document.addEventListener("htmx:afterSettle", show);
show();
