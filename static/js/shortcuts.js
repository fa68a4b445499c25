/**
 * Keys: data-shortcut="b" (or "mod+k", "?", "enter") on a link, button or field presses or focuses it (a checkbox is pressed); data-row-shortcut acts inside the marked row.
 * Single keys are off while somebody types and can be turned off for good in the cheat sheet (WCAG 2.1.4). `?` opens the sheet, which is read
 * from the page: its words are data-shortcut-label, aria-label or the text of the element.
 */
import { isTyping } from "./on-load.js";
import { keyRow } from "./rows.js";

const root = document.documentElement;
root.dataset.keys = /(?:^|; )shortcuts=off/.test(document.cookie) ? "off" : "on";
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** @param {KeyboardEvent} event */
function comboOf(event) {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key;
}

function find(combo) {
  const scope = document.querySelector("dialog:modal") ?? document;
  const wanted = CSS.escape(combo);
  const inRow = scope === document ? keyRow()?.querySelector(`[data-row-shortcut="${wanted}"]`) : null;
  if (inRow) return inRow;
  const all = [...scope.querySelectorAll(`[data-shortcut="${wanted}"]`)].filter((element) => !element.disabled && !element.closest("[inert], template"));
  return all.find((element) => element.checkVisibility()) ?? all[0];
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.repeat) return;
  const combo = comboOf(event);
  const single = !combo.startsWith("mod+");
  if (single && (isTyping(event.target) || root.dataset.keys === "off")) return;
  if (single && (combo === "enter" || combo === "space") && event.target.closest?.("a, button, summary")) return;
  const element = find(combo);
  if (!element) return;
  event.preventDefault();
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) element.focus();
  else element.click();
});

const words = (element) => element.dataset.shortcutLabel || element.getAttribute("aria-label") || [...element.childNodes].filter((node) => !(node instanceof Element && node.matches("kbd, svg"))).map((node) => node.textContent).join("").trim();
const keysOf = (combo) => combo.split("+").map((key) => ({ mod: isMac ? "⌘" : "Ctrl", escape: "Esc", enter: "↵", space: "Space" })[key] ?? key.toUpperCase());

function line(text, combo) {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("span"), { textContent: text }), document.createElement("span"));
  for (const key of keysOf(combo)) item.lastChild.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
  return item;
}

function fill(sheet) {
  const groups = { all: new Map(), page: new Map(), row: new Map() };
  for (const element of document.querySelectorAll("[data-shortcut]:not([data-cheatsheet] *)")) {
    const group = groups[element.dataset.shortcutGroup ?? (element.closest(".nav, .bar, .menu") ? "all" : "page")];
    if (group && !group.has(element.dataset.shortcut)) group.set(element.dataset.shortcut, words(element));
  }
  if (document.querySelector("[data-rows]")) groups.row.set("j", sheet.dataset.walk).set("enter", sheet.dataset.enter);
  for (const element of document.querySelectorAll("[data-row-shortcut]")) {
    if (!groups.row.has(element.dataset.rowShortcut)) groups.row.set(element.dataset.rowShortcut, element.dataset.shortcutLabel || element.title || words(element));
  }
  groups.all.set("z", sheet.dataset.undo);
  sheet.replaceChildren();
  for (const [name, lines] of Object.entries(groups)) {
    if (!lines.size) continue;
    const section = document.createElement("section");
    section.append(Object.assign(document.createElement("h3"), { textContent: sheet.dataset[name] }), document.createElement("ul"));
    for (const [combo, text] of lines) section.lastChild.append(combo === "j" ? line(text, "j+k") : line(text, combo));
    sheet.append(section);
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest('[data-open-dialog="cheatsheet"]')) fill(document.querySelector("[data-cheatsheet]"));
}, true);
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-keys-switch]")) return;
  root.dataset.keys = event.target.checked ? "on" : "off";
  document.cookie = `shortcuts=${root.dataset.keys}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
});
for (const input of document.querySelectorAll("[data-keys-switch]")) input.checked = root.dataset.keys === "on";
if (isMac) for (const kbd of document.querySelectorAll("kbd")) kbd.textContent = kbd.textContent.replace("Ctrl", "⌘");
