/**
 * Drag a visit ([data-move]) to another time or column, its lower edge ([data-resize]) to another length, or draw a new one on empty time. With a finger: press,
 * wait, then drag, so that swiping still scrolls. With keys: lift(), shift(), drop() (calendar-keys.js). Five minutes are the smallest step.
 */
import { closeAnswer, send } from "./calendar-answers.js";
import { hold, release } from "./follow.js";

const SNAP = 5;
const THRESHOLD = 5;
const LONG_PRESS = 350;
const EDGE = 40;
const SHORTEST = 5;
/** @type {{mode: "move" | "resize" | "draw", active: boolean, column: HTMLElement, minute: number, minutes: number} & Record<string, any> | null} minutes since midnight */
let drag = null;
let dropped = false;

export const label = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
export const isLifted = () => drag?.active === true && drag.byKeys;
const snap = (minutes) => Math.round(minutes / SNAP) * SNAP;
const within = (value, low, high) => Math.max(low, Math.min(high, value));

function measures(calendar) {
  return { first: Number(calendar.dataset.first), span: Number(calendar.dataset.span) };
}

/** The minute of the day under the pointer. */
function minuteAt(column, clientY) {
  const { first, span } = measures(column.closest("[data-calendar]"));
  const box = column.getBoundingClientRect();
  return first + ((clientY - box.top) / box.height) * span;
}

function show() {
  const { ghost, column, minute, minutes, first } = drag;
  if (ghost.parentElement !== column) column.append(ghost);
  ghost.dataset.vars = `s:${minute - first};d:${minutes};l:0;w:1`;
  for (const [name, value] of [["s", minute - first], ["d", minutes], ["l", 0], ["w", 1]]) ghost.style.setProperty(`--${name}`, value);
  ghost.querySelector("time").textContent = drag.mode === "move" ? label(minute) : `${label(minute)}–${label(minute + minutes)}`;
}

/** Put the ghost where the pointer is. */
function follow(event) {
  const { mode, first, span } = drag;
  if (mode === "move") {
    const under = document.elementsFromPoint(event.clientX, event.clientY).find((element) => element.matches?.("[data-column]"));
    if (under) drag.column = under;
    drag.minute = within(snap(minuteAt(drag.column, event.clientY) - drag.grabbed), first, first + span - drag.minutes);
  } else if (mode === "resize") {
    drag.minutes = within(snap(minuteAt(drag.column, event.clientY) - drag.grabbed) - drag.minute, SHORTEST, first + span - drag.minute);
  } else {
    const [from, to] = [drag.anchor, minuteAt(drag.column, event.clientY)].sort((a, b) => a - b);
    drag.minute = within(Math.floor(from / SNAP) * SNAP, first, first + span - SHORTEST);
    drag.minutes = within(snap(to - drag.minute), SHORTEST, first + span - drag.minute);
  }
  show();
  scrollNear(event.clientX, event.clientY);
}

function scrollNear(x, y) {
  const scroller = drag.column.closest(".scroll");
  const box = scroller.getBoundingClientRect();
  const by = (at, low, high) => (at < low + EDGE ? -12 : at > high - EDGE ? 12 : 0);
  if (drag.mode === "move") scroller.scrollBy(by(x, box.left, box.right), by(y, box.top + 50, box.bottom));
  else scroller.scrollBy(0, by(y, box.top + 50, box.bottom));
}

function newGhost() {
  const ghost = document.createElement("div");
  ghost.className = "ev is-new is-dragged";
  ghost.innerHTML = '<span class="r"><span class="nm"></span><time></time></span>';
  ghost.querySelector(".nm").textContent = drag.calendar.dataset.newWord;
  return ghost;
}

function begin() {
  closeAnswer();
  drag.active = true;
  if (drag.source) {
    drag.ghost = drag.source.cloneNode(true);
    for (const name of ["id", "href", "hx-get", "data-move", "title"]) drag.ghost.removeAttribute(name);
    drag.ghost.classList.add("is-dragged");
    drag.source.classList.add("ghost");
  } else drag.ghost = newGhost();
  hold();
  document.body.classList.add("is-dragging");
}

export function cancel() {
  if (!drag) return;
  clearTimeout(drag.press);
  drag.source?.classList.remove("ghost");
  drag.ghost?.remove();
  document.body.classList.remove("is-dragging");
  if (drag.active) release();
  drag = null;
}

const placeOf = (column) => Object.fromEntries(["practitioner", "room", "location"].filter((name) => column.dataset[name]).map((name) => [name, column.dataset[name]]));

/** Send what was dragged where it lies now. */
export async function drop() {
  const { mode, source, column, minute, minutes, origin } = drag;
  const kept = drag.ghost.cloneNode(true);
  cancel();
  if (mode === "draw") return create(column, minute, minutes);
  if (origin.column === column && origin.minute === minute && origin.minutes === minutes) return source.focus();
  const place = placeOf(column);
  if (place.room === origin.column.dataset.room) delete place.room; // where no other room was meant, the visit keeps its own
  const fields = { ...place, day: column.dataset.day, minute: String(minute), version: source.dataset.version, ask: "1" };
  if (mode === "resize") Object.assign(fields, { minutes: String(minutes) });
  return send(source.dataset.move, fields, { source: source.id, column, ghost: kept });
}

/** Open the book dialog for a time of a column; a drawn length chooses the type. */
export function create(column, minute, minutes = 0) {
  const { book } = column.closest("[data-calendar]").dataset;
  const { location: _location, ...place } = placeOf(column);
  const query = new URLSearchParams({ ...place, day: column.dataset.day, own_time: label(minute) });
  if (minutes) query.set("minutes", String(minutes));
  return htmx.ajax("GET", `${book}?${query}`, { target: "#modal" });
}

function start(mode, column, source, event) {
  const calendar = column.closest("[data-calendar]");
  const { first, span } = measures(calendar);
  drag = { mode, calendar, column, source, first, span, x: event?.clientX, y: event?.clientY, active: false, byKeys: !event };
  if (source) {
    drag.minute = first + Number(source.style.getPropertyValue("--s"));
    drag.minutes = Number(source.dataset.minutes);
    drag.origin = { column, minute: drag.minute, minutes: drag.minutes };
    drag.grabbed = event ? minuteAt(column, event.clientY) - (mode === "resize" ? drag.minute + drag.minutes : drag.minute) : 0;
  } else drag.anchor = minuteAt(column, event.clientY);
}

/** Take a visit up with the keyboard. */
export function lift(source) {
  cancel();
  start("move", source.closest("[data-column]"), source);
  begin();
  show();
}

/** Move what was taken up by so many minutes, or columns. Returns where it lies, in words. */
export function shift(minutes, columns) {
  const { first, span, calendar } = drag;
  const all = [...calendar.querySelectorAll("[data-column]")];
  drag.column = all[within(all.indexOf(drag.column) + columns, 0, all.length - 1)];
  drag.minute = within(drag.minute + minutes, first, first + span - drag.minutes);
  show();
  drag.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
  return `${label(drag.minute)}, ${drag.column.getAttribute("aria-label")}`;
}

document.addEventListener("pointerdown", (event) => {
  dropped = false;
  cancel();
  if (event.button !== 0 || !event.target.closest("[data-calendar]")) return;
  const source = event.target.closest("[data-move]");
  const column = event.target.closest("[data-column]");
  const isFinger = event.pointerType === "touch";
  if (source && column) start(event.target.closest("[data-resize]") ? "resize" : "move", column, source, event);
  else if (column && !isFinger && !event.target.closest(".ev") && column.closest("[data-calendar]").dataset.book) start("draw", column, null, event);
  if (drag && isFinger) {
    drag.isFinger = true;
    drag.press = setTimeout(() => { begin(); show(); navigator.vibrate?.(10); }, LONG_PRESS);
  }
});
document.addEventListener("pointermove", (event) => {
  if (!drag || drag.byKeys) return;
  // Let go where the page could not see it: outside the window, over a dialog of the system.
  if (!event.buttons) return cancel();
  if (!drag.active) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < THRESHOLD) return;
    if (drag.isFinger) return cancel();
    begin();
  }
  event.preventDefault();
  follow(event);
});
document.addEventListener("touchmove", (event) => { if (drag?.active) event.preventDefault(); }, { passive: false });
document.addEventListener("contextmenu", (event) => { if (drag?.isFinger) event.preventDefault(); });
document.addEventListener("pointerup", () => {
  if (!drag || drag.byKeys) return;
  if (!drag.active) return cancel();
  dropped = true;
  drop();
});
// The click that ends a drag opens nothing; one on empty time books there.
document.addEventListener("click", (event) => {
  if (dropped) {
    dropped = false;
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const column = event.target.closest("[data-calendar][data-book] [data-column]");
  if (column && !event.target.closest(".ev")) create(column, Math.floor(minuteAt(column, event.clientY) / 15) * 15);
}, { capture: true });
document.addEventListener("dragstart", (event) => { if (event.target.closest("[data-move]")) event.preventDefault(); });
document.addEventListener("pointercancel", () => { if (!drag?.byKeys) cancel(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag?.active) cancel(); });
