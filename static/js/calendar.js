/**
 * Drag a visit in the calendar: [data-move] inside [data-column] of [data-calendar].
 * The drop posts day, minute and practitioner; a refusal (409) snaps back and opens the reasons with the nearest free slots beside the column.
 * A calendar that shows today opens at the present hour: [data-now] a third from the top.
 */
import { hold, release } from "./follow.js";
import { onLoad } from "./on-load.js";

const SNAP = 5;
const THRESHOLD = 5;
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
let drag = null;
let dropped = false;

onLoad("[data-calendar] [data-now]", (line) => {
  const grid = line.closest(".scroll");
  grid.scrollTop = line.offsetTop - grid.clientHeight / 3;
});

const label = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function closeWhy() {
  document.querySelector("[data-why]")?.remove();
  document.querySelectorAll(".ev.refused").forEach((ghost) => ghost.remove());
}

/** Put the ghost under the pointer and remember where it would land. */
function place(event) {
  const { ghost, first, span, grabbed } = drag;
  const column = document.elementsFromPoint(event.clientX, event.clientY).find((element) => element.matches?.("[data-column]"));
  if (!column) return;
  const box = column.getBoundingClientRect();
  const perMinute = box.height / span;
  const raw = (event.clientY - box.top) / perMinute - grabbed;
  const top = Math.max(0, Math.min(span - drag.minutes, Math.round(raw / SNAP) * SNAP));
  if (ghost.parentElement !== column) column.append(ghost);
  ghost.dataset.vars = `s:${top};d:${drag.minutes}`;
  ghost.style.setProperty("--s", top);
  ghost.querySelector("time").textContent = label(first + top);
  Object.assign(drag, { column, minute: first + top });
}

function begin(event) {
  const source = drag.source;
  const ghost = source.cloneNode(true);
  for (const name of ["id", "href", "hx-get", "data-move", "title"]) ghost.removeAttribute(name);
  ghost.classList.add("is-dragged");
  source.classList.add("ghost");
  drag.ghost = ghost;
  drag.active = true;
  hold();
  document.body.classList.add("is-dragging");
  place(event);
}

function finish() {
  drag?.source.classList.remove("ghost");
  drag?.ghost?.remove();
  document.body.classList.remove("is-dragging");
  if (drag?.active) release();
  drag = null;
}

/** Ask the server to move; `fields` are the form's. Returns true when it was moved. */
async function send(url, fields, column, ghost) {
  const response = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" }, body: new URLSearchParams(fields) });
  const events = JSON.parse(response.headers.get("HX-Trigger") ?? "{}");
  for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  if (response.status !== 409 || events.toast) return response.ok;
  closeWhy();
  const place_ = document.getElementById("why-place");
  place_.innerHTML = await response.text();
  const why = place_.firstElementChild;
  why.dataset.url = url;
  why.dataset.version = fields.version;
  htmx.process(why);
  if (ghost && column) {
    ghost.classList.remove("is-dragged");
    ghost.classList.add("refused");
    column.append(ghost);
    beside(why, ghost);
  }
  (why.querySelector("[data-slot]") ?? why.querySelector("[data-why-close]")).focus();
  return false;
}

/** Open beside the refused drop, over the neighbour column, never over the drop itself. */
function beside(why, ghost) {
  if (matchMedia("(max-width: 1100px)").matches) return;
  const at = ghost.getBoundingClientRect();
  const box = why.getBoundingClientRect();
  const left = at.left - box.width - 8 > 220 ? at.left - box.width - 8 : at.right + 8;
  why.style.left = `${Math.min(left, innerWidth - box.width - 8)}px`;
  why.style.top = `${Math.max(8, Math.min(at.top - 96, innerHeight - box.height - 8))}px`;
}

document.addEventListener("pointerdown", (event) => {
  dropped = false;
  finish();
  const source = event.target.closest("[data-calendar] [data-move]");
  if (!source || event.button !== 0 || event.pointerType === "touch") return;
  const calendar = source.closest("[data-calendar]");
  const box = source.parentElement.getBoundingClientRect();
  const span = Number(calendar.dataset.span);
  drag = {
    source, span, first: Number(calendar.dataset.first), minutes: Number(source.dataset.minutes), x: event.clientX, y: event.clientY, active: false,
    grabbed: (event.clientY - source.getBoundingClientRect().top) / (box.height / span),
  };
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  // Let go where the page could not see it: outside the window, over a dialog of the system.
  if (!event.buttons) return finish();
  if (!drag.active) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < THRESHOLD) return;
    closeWhy();
    begin(event);
  }
  event.preventDefault();
  place(event);
});
document.addEventListener("pointerup", async () => {
  if (!drag) return;
  if (!drag.active) { drag = null; return; }
  const { source, column, minute, ghost } = drag;
  dropped = true;
  if (column && minute !== undefined) {
    const kept = ghost.cloneNode(true);
    const fields = { day: column.dataset.day, minute: String(minute), practitioner: column.dataset.practitioner, version: source.dataset.version };
    finish();
    await send(source.dataset.move, fields, column, kept);
  } else finish();
});
// The click that ends a drag opens nothing.
document.addEventListener("click", (event) => {
  if (!dropped) return;
  dropped = false;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
document.addEventListener("dragstart", (event) => { if (event.target.closest("[data-move]")) event.preventDefault(); });
document.addEventListener("pointercancel", finish);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (drag?.active) finish();
  closeWhy();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-why-close]")) return closeWhy();
  const slot = event.target.closest("[data-why] [data-slot]");
  if (!slot) return undefined;
  const { url, version } = slot.closest("[data-why]").dataset;
  closeWhy();
  return send(url, { at: slot.dataset.at, practitioner: slot.dataset.practitioner, location: slot.dataset.location, version });
});
