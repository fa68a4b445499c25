/** A calm question in place of the browser's: ask() for modules, hx-confirm for markup. */

/**
 * @param {string} text
 * @param {{yes?: string, no?: string}} [words]
 * @returns {Promise<boolean>}
 */
export function ask(text, { yes, no } = {}) {
  const dialog = document.getElementById("confirm");
  const [noButton, yesButton] = dialog.querySelectorAll("button");
  dialog.querySelector("#confirm-text").textContent = text;
  noButton.textContent = no ?? noButton.dataset.default;
  yesButton.textContent = yes ?? yesButton.dataset.default;
  dialog.returnValue = "";
  dialog.showModal();
  noButton.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#confirm button");
  if (button) document.getElementById("confirm").close(button.value);
});
document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const { elt } = event.detail;
  if (await ask(event.detail.question, { yes: elt.dataset.confirmYes, no: elt.dataset.confirmNo })) event.detail.issueRequest(true);
});
