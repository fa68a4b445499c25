/** Small things that a button may do without the server: [data-print], [data-copy], [data-fill] (demo sign-in), form[data-reset], [data-checks] (typing in it chooses that radio button), [data-submits] (choosing sends its form). */
import { showToast } from "./toasts.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-print], [data-copy], [data-fill]");
  if (!button) return;
  if (button.hasAttribute("data-print")) window.print();
  if (button.dataset.copy) {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    showToast({ text: button.dataset.copied, tone: "ok" });
  }
  if (button.dataset.fill) {
    for (const [name, value] of Object.entries(JSON.parse(button.dataset.fill))) {
      const field = document.querySelector(`[name="${CSS.escape(name)}"]`);
      if (field) field.value = value;
    }
    document.querySelector("[data-fill-submit]")?.focus();
  }
});
document.addEventListener("input", (event) => {
  const radio = document.getElementById(event.target.dataset?.checks);
  if (radio && event.target.value) radio.checked = true;
});
// [data-submits]: choosing is sending.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submits]") && event.target.value) event.target.form.requestSubmit();
});
// [data-reset]: a form that is empty again once the server has taken what it held.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.elt.matches?.("form[data-reset]")) event.detail.elt.reset();
});
