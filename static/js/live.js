/**
 * Live pages: asks data-live-url every 2 s while the page is visible and tells the page what changed.
 * Answer: {"cursor": "…", "topics": ["appointments"], "events": [{"type", "subject_id", "patient_id"}], "everything": false}. Each topic becomes
 * "live:<topic>" on <body>, any change "live:any"; "everything" means too many to list. Regions listen with data-follow (follow.js).
 */
import { staysSignedOut } from "./errors.js";
import { noteAll } from "./follow.js";

const PERIOD = 2000;
const LONGEST = 30000;

let cursor = document.body.dataset.liveCursor ?? "";
let delay = PERIOD;
let timer = 0;
let last = Date.now();
let asking = false;
let told = false;
let stopped = false;

function announce(topic, events) {
  document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { events: events ?? [] }, bubbles: true }));
}

function setOffline(offline) {
  if (document.body.hasAttribute("data-offline") === offline) return;
  document.body.toggleAttribute("data-offline", offline);
  const note = document.querySelector("[data-live-announce]");
  if (note) note.textContent = offline ? note.dataset.text : "";
  indicate();
}

function indicate() {
  const status = document.querySelector("[data-live-status]");
  const text = status?.querySelector("[data-live-text]");
  if (!text) return;
  const words = status.dataset;
  text.textContent = document.body.hasAttribute("data-offline") ? words.offline : words.live.replace("{n}", String(Math.max(0, Math.round((Date.now() - last) / 1000))));
}

async function ask() {
  clearTimeout(timer);
  if (asking || stopped || document.hidden) return;
  asking = true;
  const url = new URL(document.body.dataset.liveUrl, location.href);
  url.searchParams.set("cursor", cursor);
  try {
    const response = await fetch(url, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" }, cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (response.status === 401 || new URL(response.url).pathname === document.body.dataset.loginUrl) {
      delay = LONGEST;
      if (told || staysSignedOut()) {
        told = true; // asked again later: somebody may sign in in another tab
        return;
      }
      location.reload();
      stopped = true;
      return;
    }
    told = false;
    if (response.status === 403) {
      stopped = true;
      return;
    }
    if (!response.ok) throw new TypeError(`live: ${response.status}`);
    const answer = await response.json();
    cursor = answer.cursor ?? cursor;
    delay = PERIOD;
    last = Date.now();
    setOffline(false);
    if (answer.everything) noteAll();
    else if (answer.topics?.length) for (const topic of [...answer.topics, "any"]) announce(topic, answer.events);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) throw error;
    delay = Math.min(LONGEST, delay * 1.7);
    if (!navigator.onLine || delay > PERIOD * 2) setOffline(true);
  } finally {
    asking = false;
    indicate();
    if (!stopped) timer = setTimeout(ask, delay);
  }
}

if (document.body.dataset.liveUrl) {
  const soon = () => { delay = PERIOD; ask(); };
  document.addEventListener("visibilitychange", soon);
  window.addEventListener("online", soon);
  window.addEventListener("offline", () => setOffline(true));
  setInterval(() => { if (!document.hidden) indicate(); }, 1000);
  ask();
}
