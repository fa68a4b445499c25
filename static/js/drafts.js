/** Keep a half-written reply while the person looks elsewhere: [data-draft="<id>"], in this tab only, forgotten when it was sent. */
import { onLoad } from "./on-load.js";

const key = (area) => `draft:${area.dataset.draft}`;

onLoad("[data-draft]", (area) => {
  if (!area.value) area.value = sessionStorage.getItem(key(area)) ?? "";
  area.addEventListener("input", () => {
    if (area.value.trim()) sessionStorage.setItem(key(area), area.value);
    else sessionStorage.removeItem(key(area));
  });
});
// A sent text must not come back: the form is replaced after the answer, so forget it before the new one loads.
document.addEventListener("htmx:beforeSwap", (event) => {
  const area = event.target.querySelector?.("[data-draft]");
  if (area && event.detail.xhr.status === 200) sessionStorage.removeItem(key(area));
});
