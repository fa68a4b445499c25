/**
 * A searchable choice (components/typeahead.html): asks data-typeahead-url?q=…, shows the options it answers, writes the chosen value into the
 * hidden field and fires `change` on it. An option with data-open opens that URL in the dialog instead ("New patient “Maria”").
 * With data-typeahead-post what is typed (a patient's name) goes in the body, not in the address. An option with data-inline POSTs `typed` there and
 * shows the answer below the field; an answer's HX-Trigger "typeahead:set" {value, text} chooses, [data-typeahead-drop] goes back to the field.
 */
import { activate, active, options, walk } from "./listbox.js";

const DELAY = 120;
const pending = new WeakMap();
const parts = (box) => ({ input: box.querySelector('[role="combobox"]'), hidden: box.querySelector('input[type="hidden"]'), list: box.querySelector('[role="listbox"]'), clear: box.querySelector("[data-typeahead-clear]"), count: box.querySelector("[data-typeahead-count]") });

function show(box, visible) {
  const { input, list } = parts(box);
  list.hidden = !visible;
  input.setAttribute("aria-expanded", String(visible));
  if (!visible) activate(input, list, undefined);
}

async function search(box) {
  const { input, list, count } = parts(box);
  const query = input.value.trim();
  pending.get(box)?.abort();
  if (query.length < Number(box.dataset.min)) return show(box, false);
  const control = new AbortController();
  pending.set(box, control);
  const url = new URL(box.dataset.typeaheadUrl, location.href);
  const request = { headers: { "HX-Request": "true" }, signal: control.signal };
  if ("typeaheadPost" in box.dataset) Object.assign(request, { method: "POST", body: new URLSearchParams({ q: query }), headers: { ...request.headers, ...JSON.parse(document.body.getAttribute("hx-headers")) } });
  else url.searchParams.set("q", query);
  let response;
  try {
    response = await fetch(url, request);
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: document.getElementById("toasts")?.dataset.offline, tone: "bad" } }));
    return show(box, false);
  }
  if (!response.ok || response.redirected) return show(box, false);
  list.innerHTML = await response.text();
  if (control.signal.aborted) return undefined;
  show(box, true);
  const found = options(list);
  activate(input, list, found[0]);
  const { one, many, none } = count.dataset;
  count.textContent = found.length === 0 ? none : found.length === 1 ? one : many.replace("{n}", String(found.length));
  return undefined;
}

/** Where an inline form is shown: below the field, outside the box. */
const more = (box) => box.parentElement.querySelector("[data-typeahead-more]");

function set(box, value, text) {
  const { input, hidden, clear } = parts(box);
  input.value = text;
  box.dataset.chosen = text;
  clear.hidden = !value;
  if (hidden.value === value) return;
  hidden.value = value;
  hidden.dispatchEvent(new Event("input", { bubbles: true }));
  hidden.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(box, option) {
  if (!option) return;
  show(box, false);
  if (option.dataset.inline) htmx.ajax("POST", option.dataset.inline, { target: more(box), swap: "innerHTML", values: { typed: parts(box).input.value } }).then(() => more(box).querySelector("input:not([type=hidden])")?.focus());
  else if (option.dataset.open) htmx.ajax("GET", option.dataset.open, { target: "#modal", swap: "innerHTML" });
  else set(box, option.dataset.value, option.dataset.label);
}

const timers = new WeakMap();
document.addEventListener("input", (event) => {
  const box = event.target.matches?.('[role="combobox"]') && event.target.closest("[data-typeahead]");
  if (!box) return;
  const { hidden, clear } = parts(box);
  if (hidden.value && event.target.value !== box.dataset.chosen) {
    hidden.value = "";
    clear.hidden = true;
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }
  clearTimeout(timers.get(box));
  timers.set(box, setTimeout(() => search(box), DELAY));
});
document.addEventListener("keydown", (event) => {
  const box = event.target.matches?.('[role="combobox"]') && event.target.closest("[data-typeahead]");
  if (!box) return;
  const { input, list } = parts(box);
  if (list.hidden) {
    if (event.key === "ArrowDown") { event.preventDefault(); search(box); }
    return;
  }
  if (walk(input, list, event)) return;
  if (event.key === "Enter" && active(list)) { event.preventDefault(); choose(box, active(list)); }
  if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); show(box, false); }
}, true);
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest('[data-typeahead] [role="option"]:not([aria-disabled])');
  if (!option) return;
  event.preventDefault();
  choose(option.closest("[data-typeahead]"), option);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-typeahead-clear]");
  if (!button) return;
  const box = button.closest("[data-typeahead]");
  set(box, "", "");
  parts(box).input.focus();
});
document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-typeahead-drop]")?.closest("[data-typeahead-more]");
  if (!place) return;
  place.replaceChildren();
  place.parentElement.querySelector('[role="combobox"]').focus();
});
document.addEventListener("typeahead:set", (event) => {
  const place = event.target.closest("[data-typeahead-more]");
  const box = place?.parentElement.querySelector("[data-typeahead]");
  if (!box) return;
  set(box, event.detail.value, event.detail.text);
  place.replaceChildren();
});
document.addEventListener("focusout", (event) => {
  const box = event.target.matches?.('[role="combobox"]') && event.target.closest("[data-typeahead]");
  if (box) show(box, false);
});
