/** The list of a combobox (palette, typeahead): one option is active, named by aria-activedescendant, while focus stays in the input. */

/** @param {HTMLElement} list */
export const options = (list) => [...list.querySelectorAll('[role="option"]:not([aria-disabled="true"])')];
/** @param {HTMLElement} list @returns {HTMLElement | undefined} */
export const active = (list) => options(list).find((option) => option.getAttribute("aria-selected") === "true");

/** @param {HTMLInputElement} input @param {HTMLElement} list @param {HTMLElement | undefined} option */
export function activate(input, list, option) {
  for (const other of options(list)) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

/** @param {HTMLInputElement} input @param {HTMLElement} list @param {KeyboardEvent} event @returns {boolean} whether the key moved the choice */
export function walk(input, list, event) {
  const all = options(list);
  const at = all.indexOf(active(list));
  const go = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, PageDown: Math.min(all.length - 1, at + 8), PageUp: Math.max(0, at - 8) }[event.key];
  if (go === undefined || !all.length) return false;
  event.preventDefault();
  activate(input, list, all[(go + all.length) % all.length]);
  return true;
}
