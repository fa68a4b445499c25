/**
 * A form that was refused as a page of its own (422) stays in the history as a POST: reloading it, or coming back to it,
 * shows the browser's question whether to send it again, or an error. From here on its entry is the page itself.
 */
const [arrival] = performance.getEntriesByType("navigation");
if (arrival?.responseStatus === 422) history.replaceState(history.state, "", location.href);

// One that was swapped in place says what is wrong to whoever sent it, wherever they are on the page by now.
const CONTROL = ":is(input:not([type=hidden]), select, textarea)";
const WRONG = [`.field.is-bad ${CONTROL}`, "[data-first]"];
document.addEventListener("htmx:afterSettle", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr?.status !== 422 || elt.closest("dialog")) return;
  const first = WRONG.map((selector) => elt.querySelector(selector)).find((element) => element?.checkVisibility());
  first?.focus();
});
