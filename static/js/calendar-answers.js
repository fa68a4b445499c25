/**
 * What the server says to a move in the calendar. It asks whether to tell the patient (200), or says why not, with the nearest free slots (409): both are
 * a panel [data-why] beside the drop, a sheet on small screens. [data-move-now] moves, [data-slot] moves there instead, [data-tell] says whether the patient is told.
 */
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
/** @type {{url: string, fields: Record<string, string>, source: string} | null} the move that the open panel is about */
let pending = null;

const panel = () => document.querySelector("[data-why]");

/** Close the panel; the visit that it was about gets the focus again. */
export function closeAnswer() {
  const open = panel();
  if (!open) return;
  const hadFocus = open.contains(document.activeElement);
  open.remove();
  document.querySelectorAll(".ev.refused, .ev.asked").forEach((ghost) => ghost.remove());
  if (hadFocus && pending) document.getElementById(pending.source)?.focus();
  pending = null;
}

/**
 * Ask the server to move. `source` is the id of the visit's block, `ghost` the block that was dropped in `column`.
 * @returns {Promise<boolean>} whether it was moved
 */
export async function send(url, fields, { source = "", column = null, ghost = null } = {}) {
  const response = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" }, body: new URLSearchParams(fields) });
  const events = JSON.parse(response.headers.get("HX-Trigger") ?? "{}");
  for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  const asks = response.status === 200;
  if (!asks && (response.status !== 409 || events.toast)) return response.ok;
  closeAnswer();
  const place = document.getElementById("why-place");
  place.innerHTML = await response.text();
  const open = place.firstElementChild;
  pending = { url, fields, source };
  htmx.process(open);
  if (ghost && column) {
    ghost.classList.remove("is-dragged");
    ghost.classList.add(asks ? "asked" : "refused");
    column.append(ghost);
    beside(open, ghost);
  }
  (open.querySelector("[data-move-now], [data-slot]") ?? open.querySelector("[data-why-close]")).focus();
  return false;
}

/** Open beside the drop, over the neighbour column, never over the drop itself. */
function beside(open, ghost) {
  if (matchMedia("(max-width: 1100px)").matches) return;
  const at = ghost.getBoundingClientRect();
  const box = open.getBoundingClientRect();
  const left = at.left - box.width - 8 > 220 ? at.left - box.width - 8 : at.right + 8;
  open.style.left = `${Math.max(8, Math.min(left, innerWidth - box.width - 8))}px`;
  open.style.top = `${Math.max(8, Math.min(at.top - 96, innerHeight - box.height - 8))}px`;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel()) closeAnswer();
});
document.addEventListener("click", (event) => {
  const open = event.target.closest("[data-why]");
  if (event.target.closest("[data-why-close]")) return closeAnswer();
  const now = event.target.closest("[data-why] [data-move-now]");
  const slot = event.target.closest("[data-why] [data-slot]");
  if ((!now && !slot) || !pending) return undefined;
  const { url, source, fields: asked } = pending;
  const fields = { ...asked, tell: open.querySelector("[data-tell]")?.checked === false ? "0" : "1" };
  delete fields.ask;
  if (slot) {
    for (const name of ["day", "minute", "room"]) delete fields[name];
    Object.assign(fields, { at: slot.dataset.at, practitioner: slot.dataset.practitioner, location: slot.dataset.location });
  }
  closeAnswer();
  return send(url, fields, { source });
});
