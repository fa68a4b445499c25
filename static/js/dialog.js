/**
 * Dialogs. A link or button with hx-get and hx-target="#modal" opens its answer in <dialog id="modal">; [data-open-dialog="id"] opens one that is
 * in the page; [data-dialog-close], Esc and the backdrop close; HX-Trigger "modal:close" closes after a success. Typed text is not lost by accident.
 */
import { ask } from "./confirm.js";

const leaving = new WeakSet();
const CONTROL = ":is(input:not([type=hidden]), select, textarea)";
/** What gets the focus, in this order. */
const FIRST = [`.field.is-bad ${CONTROL}`, "[data-first]", "[autofocus]", ".pal-in input", `.sheet-body ${CONTROL}`, ".sheet-foot .btn-primary", ".btn"];

/** @param {HTMLDialogElement} dialog */
export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
  // On a phone a file fills the screen: Back is how people leave it, so opening it is a step of its own.
  if (dialog.id === "modal" && dialog.querySelector(".sheet-body.file") && !history.state?.inDialog && matchMedia("(max-width: 767px)").matches) history.pushState({ inDialog: true }, "");
  const first = FIRST.map((selector) => dialog.querySelector(selector)).find((element) => element?.checkVisibility());
  first?.focus();
}

/** @param {HTMLDialogElement} dialog @param {boolean} [anyway] without asking about typed text */
export async function closeDialog(dialog, anyway = false) {
  if (!dialog.open) return;
  if (!anyway && dialog.hasAttribute("data-dirty")) {
    const words = document.getElementById("confirm").dataset;
    if (!(await ask(words.discard, { yes: words.discardYes, no: words.discardNo }))) return;
  }
  dialog.close();
}

document.addEventListener("close", (event) => {
  const dialog = event.target;
  // Opened anew before this event came: what is in it now belongs to the next question.
  if (dialog.open) return;
  dialog.removeAttribute("data-dirty");
  if (dialog.id === "modal") dialog.replaceChildren();
  if (dialog.id === "modal" && history.state?.inDialog) {
    steppingBack = true;
    history.back();
  }
}, true);

// Before htmx, which would fetch the page below anew.
let steppingBack = false;
window.addEventListener("popstate", (event) => {
  const modal = document.getElementById("modal");
  if (!steppingBack && !(modal?.open && modal.querySelector(".sheet-body.file"))) return;
  event.stopImmediatePropagation();
  if (!steppingBack) modal.close();
  steppingBack = false;
}, true);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) return openDialog(document.getElementById(opener.dataset.openDialog));
  const dialog = event.target.closest("dialog");
  if (!dialog) return undefined;
  if (event.target.closest("[data-dialog-close]")) {
    event.preventDefault();
    return closeDialog(dialog);
  }
  return undefined;
});

// Press and release on the backdrop: selecting text and letting go outside must not close.
let pressedBackdrop = null;
const onBackdrop = (event) => {
  if (!(event.target instanceof HTMLDialogElement)) return false;
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
};
document.addEventListener("pointerdown", (event) => { pressedBackdrop = onBackdrop(event) ? event.target : null; });
document.addEventListener("pointerup", (event) => { if (pressedBackdrop === event.target && onBackdrop(event)) closeDialog(event.target); });

document.addEventListener("cancel", (event) => {
  if (!(event.target instanceof HTMLDialogElement) || !event.target.hasAttribute("data-dirty")) return;
  event.preventDefault();
  closeDialog(event.target);
}, true);

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "modal") return;
  const dialog = event.detail.target;
  if (dialog.childElementCount) openDialog(dialog);
  else closeDialog(dialog, true);
});
document.addEventListener("modal:close", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) closeDialog(dialog, true);
});

// What somebody typed: asked about when a dialog closes, and by the browser when a page with form[data-guard] is left.
document.addEventListener("input", (event) => {
  if (event.target.closest("[data-quiet], .palette")) return;
  if (event.target.closest("dialog form")) event.target.closest("dialog").setAttribute("data-dirty", "");
  event.target.closest("form[data-guard]")?.setAttribute("data-dirty", "");
});
document.addEventListener("submit", (event) => leaving.add(event.target));
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form");
  if (form) leaving.delete(form);
  const { elt, requestConfig, successful } = event.detail;
  // A look-up beside the fields saves nothing.
  if (form && successful && requestConfig.verb !== "get" && !elt.matches("[data-quiet]")) form.removeAttribute("data-dirty");
});
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard][data-dirty]")) {
    if (!leaving.has(form) && form.checkVisibility()) event.preventDefault();
  }
});
// A live region hands its hx-swap down to the links inside it; the dialog itself must never be what is swapped away.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "modal") event.detail.swapOverride = "innerHTML";
});
