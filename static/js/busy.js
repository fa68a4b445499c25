/** A thin line at the top while a request runs (it appears after 150 ms, see .busy-line). A region's own refreshing ([data-quiet]) doesn't count; a button inside it does. */
const running = new Set();
const show = () => document.body.toggleAttribute("data-busy", running.size > 0);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.matches("[data-quiet]")) return;
  running.add(event.detail.xhr);
  show();
});
for (const end of ["htmx:afterRequest", "htmx:sendError", "htmx:sendAbort", "htmx:timeout"]) {
  document.addEventListener(end, (event) => {
    running.delete(event.detail.xhr);
    show();
  });
}
