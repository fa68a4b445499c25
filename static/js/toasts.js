/**
 * Toasts: one at a time, past tense, Undo with Z, a line for the time left that waits while the pointer or focus is on it.
 * From the server: HX-Trigger: {"toast": {"text": "…", "tone": "ok|info|warn|bad", "undo_url": "/…", "link_url": "/…", "link_text": "…"}}; Django's messages appear as data-flash elements.
 * Errors stay until they are dismissed. Z again takes back what was done before that, for a minute after each action; the server says what it undid.
 */
import { isTyping } from "./on-load.js";

const SECONDS = 8;
const UNDO_FOR_MS = 60_000;
const queue = [];
/** What can be taken back, newest last. @type {{url: string, until: number}[]} */
const done = [];
/** @type {{element: HTMLElement, timer: Animation | null} | null} */
let current = null;

/** @param {{text: string, tone?: string, undo_url?: string | null, link_url?: string, link_text?: string}} toast the link opens another tab */
export function showToast({ text, tone = "ok", undo_url: undoUrl = null, link_url: linkUrl = "", link_text: linkText = "" }) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!text || !region || !template) return;
  dismiss();
  // A modal dialog makes the rest of the page inert: the toast has to live inside it.
  (document.querySelector("dialog:modal") ?? document.body).append(region);
  const element = template.content.firstElementChild.cloneNode(true);
  element.dataset.tone = tone;
  element.toggleAttribute("data-undo", Boolean(undoUrl));
  element.querySelector(".text").textContent = text;
  const link = element.querySelector(".go");
  if (linkUrl) Object.assign(link, { href: linkUrl, textContent: linkText, hidden: false });
  else link.remove();
  region.replaceChildren(element);
  current = { element, timer: null };
  if (undoUrl) done.push({ url: undoUrl, until: Date.now() + UNDO_FOR_MS });
  const line = element.querySelector(".left");
  if (tone === "bad") {
    line.remove();
    return;
  }
  const timer = line.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: (undoUrl ? SECONDS : SECONDS * 0.6) * 1000, fill: "forwards" });
  timer.onfinish = () => dismiss(element, true);
  current.timer = timer;
  const wait = () => timer.pause();
  const resume = () => { if (!element.matches(":hover, :focus-within") && !document.hidden) timer.play(); };
  element.addEventListener("pointerenter", wait);
  element.addEventListener("focusin", wait);
  element.addEventListener("pointerleave", resume);
  element.addEventListener("focusout", () => queueMicrotask(resume));
}

/** @param {HTMLElement} [element] only if it is still the one shown @param {boolean} [next] show what waits */
function dismiss(element, next = false) {
  if (current && (!element || current.element === element)) {
    current.timer?.cancel();
    current.element.remove();
    current = null;
    const region = document.getElementById("toasts");
    if (region && region.parentElement !== document.body) document.body.append(region);
  }
  if (next && !current && queue.length) showToast(queue.shift());
}

function undo() {
  const last = done.pop();
  if (!last || last.until < Date.now()) {
    done.length = 0;
    showToast({ text: document.getElementById("toasts")?.dataset.nothing, tone: "info" });
    return;
  }
  dismiss();
  htmx.ajax("POST", last.url, { source: document.body, swap: "none" });
}

document.addEventListener("toast", (event) => showToast(event.detail));
document.addEventListener("click", (event) => {
  if (event.target.closest(".toast-u .undo")) undo();
  else if (event.target.closest(".toast-u .close")) dismiss(current?.element, true);
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  event.preventDefault();
  undo();
});
document.addEventListener("visibilitychange", () => {
  if (!current?.timer) return;
  if (document.hidden) current.timer.pause();
  else if (!current.element.matches(":hover, :focus-within")) current.timer.play();
});
// The dialog that carried the toast is gone: keep the toast.
document.addEventListener("close", (event) => {
  const region = document.getElementById("toasts");
  if (region && event.target.contains(region)) document.body.append(region);
}, true);
document.addEventListener("htmx:beforeSwap", (event) => {
  const region = document.getElementById("toasts");
  if (region && event.detail.target?.contains(region) && event.detail.target !== document.body) document.body.append(region);
});

for (const flash of document.querySelectorAll("[data-flash]")) {
  queue.push({ text: flash.textContent.trim(), tone: flash.dataset.tone, undo_url: flash.dataset.undoUrl || null });
  flash.remove();
}
if (queue.length) showToast(queue.shift());
