/**
 * Lines of a form that come and go: [data-row-fields] with [data-row-remove] and [data-row-up] inside. A new line is the answer of the
 * add button below them. The order in the page is the order that is saved.
 */
const changed = (list) => list.dispatchEvent(new Event("change", { bubbles: true }));

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-row-remove], [data-row-up]");
  const line = button?.closest("[data-row-fields]");
  if (!line) return;
  const form = line.closest("form");
  const list = line.parentElement;
  if (button.matches("[data-row-up]")) {
    line.previousElementSibling?.before(line);
    button.focus();
  } else {
    const next = line.nextElementSibling ?? line.previousElementSibling;
    line.remove();
    (next?.querySelector("[data-row-remove]") ?? list.nextElementSibling)?.focus();
  }
  form.setAttribute("data-dirty", "");
  changed(list);
});
