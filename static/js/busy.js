/** A thin line at the top while a request runs (it appears after 150 ms, see .busy-line). Elements under [data-quiet] (polling) don't count. */
const running = new Set();
const show = () => document.body.toggleAttribute("data-busy", running.size > 0);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.closest("[data-quiet]")) return;
  running.add(event.detail.xhr);
  show();
});
for (const end of ["htmx:afterRequest", "htmx:sendError", "htmx:sendAbort", "htmx:timeout"]) {
  document.addEventListener(end, (event) => {
    running.delete(event.detail.xhr);
    show();
  });
}
