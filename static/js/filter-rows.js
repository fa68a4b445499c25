/**
 * Find within what is loaded: <input data-filter-rows="#list"> hides the [data-find] elements of the list that don't contain the words, and groups
 * ([data-group]) that are left empty; [data-filter-none] says that nothing is left. Applied again after each refresh.
 */
const fold = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();

function apply(input) {
  const list = document.querySelector(input.dataset.filterRows);
  if (!list) return;
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  let left = 0;
  for (const row of list.querySelectorAll("[data-find]")) {
    const text = words.length ? fold(row.textContent) : "";
    row.hidden = !words.every((word) => text.includes(word));
    left += Number(!row.hidden);
  }
  for (const group of list.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-find]:not([hidden])");
  const none = list.querySelector("[data-filter-none]");
  if (none) none.hidden = left > 0 || words.length === 0;
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-filter-rows]")) apply(event.target);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const input of document.querySelectorAll("[data-filter-rows]")) if (input.value) apply(input);
});
