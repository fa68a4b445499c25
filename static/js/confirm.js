/** A calm question in place of the browser's: ask() for modules, hx-confirm for markup. */

// The button answers, not the dialog's "close" event: that one comes a task later, when the next question may already stand.
let answer = () => {};

/**
 * @param {string} text
 * @param {{yes?: string, no?: string}} [words]
 * @returns {Promise<boolean>}
 */
export function ask(text, { yes, no } = {}) {
  const dialog = document.getElementById("confirm");
  const [noButton, yesButton] = dialog.querySelectorAll("button");
  answer(false);
  dialog.querySelector("#confirm-text").textContent = text;
  noButton.textContent = no ?? noButton.dataset.default;
  yesButton.textContent = yes ?? yesButton.dataset.default;
  if (!dialog.open) dialog.showModal();
  noButton.focus();
  return new Promise((resolve) => { answer = resolve; });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#confirm button");
  if (!button) return;
  document.getElementById("confirm").close();
  answer(button.value === "yes");
});
// Esc and the backdrop keep what is there.
document.addEventListener("close", (event) => {
  if (event.target.id === "confirm" && !event.target.open) answer(false);
}, true);
document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const { elt } = event.detail;
  if (await ask(event.detail.question, { yes: elt.dataset.confirmYes, no: elt.dataset.confirmNo })) event.detail.issueRequest(true);
});
