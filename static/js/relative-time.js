/**
 * Times that count on the client, so that a waiting time is never old:
 *   <time data-minutes-since="2026-11-20T10:08:00Z" data-text="Waiting {n}" data-bad-from="30">Waiting 34 min</time>
 *   <time data-minutes-until="…" data-text="{n} left" data-over="{n} over">   minutes to a due time, then past it
 *   <time data-countdown="…" data-done="Ended">6:40</time>                    minutes and seconds, for holds and offers; above an hour hours and minutes
 * data-bad-from and data-warn-from (minutes) set the tone of the .st around it.
 */
import { now } from "./clock.js";

/** 34 -> "34 min", 70 -> "1 h 10". @param {number} minutes */
export function duration(minutes) {
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(minutes / 1440)} d`;
}

/** 400 -> "6:40"; from an hour on nobody counts seconds: 23758 -> "6 h 36". @param {number} seconds */
export function countdown(seconds) {
  if (seconds >= 3600) return duration(Math.ceil(seconds / 60));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setTone(element, minutes) {
  const badge = element.closest(".st");
  if (!badge) return;
  const tone = minutes >= Number(element.dataset.badFrom ?? Infinity) ? "bad" : minutes >= Number(element.dataset.warnFrom ?? Infinity) ? "warn" : null;
  if (!tone) return;
  badge.classList.remove("tone-info", "tone-neutral", "tone-warn", "tone-ok", "tone-active", "tone-bad");
  badge.classList.add(`tone-${tone}`);
}

function tick() {
  const at = now();
  for (const element of document.querySelectorAll("[data-minutes-since]")) {
    const minutes = Math.max(0, Math.floor((at - Date.parse(element.dataset.minutesSince)) / 60000));
    if (Number.isNaN(minutes)) continue;
    setText(element, (element.dataset.text ?? "{n}").replace("{n}", duration(minutes)));
    setTone(element, minutes);
  }
  for (const element of document.querySelectorAll("[data-minutes-until]")) {
    const left = Math.ceil((Date.parse(element.dataset.minutesUntil) - at) / 60000);
    if (Number.isNaN(left)) continue;
    setText(element, left >= 0 ? (element.dataset.text ?? "{n}").replace("{n}", duration(left)) : (element.dataset.over ?? "-{n}").replace("{n}", duration(-left)));
    setTone(element, -left);
  }
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const seconds = Math.ceil((Date.parse(element.dataset.countdown) - at) / 1000);
    if (Number.isNaN(seconds)) continue;
    const text = seconds > 0 ? countdown(seconds) : null;
    setText(element, text ? (element.dataset.text ?? "{n}").replace("{n}", text) : (element.dataset.done ?? "0:00"));
  }
}

tick();
setInterval(() => { if (!document.hidden) tick(); }, 1000);
document.addEventListener("visibilitychange", tick);
document.addEventListener("htmx:afterSwap", tick);
