/**
 * Regions that follow what happens: <div id="arrivals" data-follow="appointments communications:4" data-follow-url="…" data-every="30"> fetches itself
 * again after an event of its topics (live:<topic> on <body>), because of communications at most every 4 s, and at the latest every 30 s.
 * data-follow-select="#x" takes a part of the answer, data-follow-swap="morph:innerHTML" only the inside; without data-follow-url it is hx-get.
 *
 * The promise: what a region shows in the end was asked for after the last event. htmx's own triggers don't keep it: `throttle:` on one trigger
 * swallows all others of the element, a queued request is forgotten when the element is replaced, a failed one isn't repeated, and an answer that
 * was overtaken (by the one of a filter's link) still replaces what is newer.
 */
import { onLoad } from "./on-load.js";

const RETRY = 2000;
const LONGEST = 30000;
const PATIENCE = 15000;
const PASSING = new Set([408, 425, 429]);

/** @typedef {{due: number, timer: number, asking: boolean, last: number, swaps: number, failures: number}} State when it wants to ask (Infinity: not), when it last did … */
/** @type {Map<string, State>} by the region's id, so that it outlives the element */
const states = new Map();
/** Counts events; a request that left at 7 knows the events 1 to 7. */
let clock = 0;
/** @type {Map<string, number>} the clock of each topic's latest event */
const newest = new Map();
/** @type {WeakMap<XMLHttpRequest, number>} the clock when htmx's request left */
const asked = new WeakMap();
let holds = 0;

const now = () => performance.now();
const topicsOf = (region) => region.dataset.follow.split(" ").map((word) => word.split(":"));
const missed = (region, since) => topicsOf(region).some(([topic]) => (newest.get(topic) ?? 0) > since);

function stateOf(id) {
  if (!states.has(id)) states.set(id, { due: Infinity, timer: 0, asking: false, last: now(), swaps: 0, failures: 0 });
  return states.get(id);
}

/** Keep all regions as they are (a drag must not lose its column); release() lets them catch up. */
export const hold = () => {
  holds += 1;
  for (const state of states.values()) clearTimeout(state.timer);
};
export const release = () => {
  holds = Math.max(0, holds - 1);
  for (const id of states.keys()) schedule(id);
};

function want(id, at) {
  const state = stateOf(id);
  state.due = Math.min(state.due, at);
  schedule(id);
}

function schedule(id) {
  const state = stateOf(id);
  clearTimeout(state.timer);
  if (state.due < Infinity && !state.asking && !holds) state.timer = setTimeout(refresh, Math.max(0, state.due - now()), id);
}

async function refresh(id) {
  const region = document.getElementById(id);
  if (!region?.dataset.follow) {
    states.delete(id);
    return;
  }
  const state = stateOf(id);
  const { swaps } = state;
  const since = clock;
  Object.assign(state, { due: Infinity, asking: true, last: now() });
  let again = Infinity;
  try {
    const response = await fetch(region.dataset.followUrl ?? region.getAttribute("hx-get"), {
      headers: { "HX-Request": "true", "HX-Target": id }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
    });
    const html = await response.text();
    if (response.status >= 500 || PASSING.has(response.status)) throw new TypeError(`follow: ${response.status}`);
    state.failures = 0;
    if (holds || state.swaps !== swaps || document.getElementById(id) !== region) again = 0;
    // A refusal is an answer: the region stays as it is. Where the sign-in answers, live.js leads there.
    else if (response.status === 200 && new URL(response.url).pathname !== document.body.dataset.loginUrl) show(region, html, since);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    again = Math.min(LONGEST, RETRY * 2 ** state.failures);
    state.failures += 1;
  } finally {
    state.asking = false;
    want(id, now() + again);
  }
}

function show(region, html, since) {
  const { followSwap = "morph:outerHTML", followSelect } = region.dataset;
  htmx.swap(region, html, { swapStyle: followSwap, ignoreTitle: true }, { contextElement: region, select: followSelect });
  noteSwap(region, since);
}

/** What stands inside or around `root` was just asked for at `since`: older answers are overtaken, and events after it are still owed. */
function noteSwap(root, since) {
  const around = root.parentElement?.closest("[data-follow]");
  for (const region of [...(around ? [around] : []), ...(root.matches("[data-follow]") ? [root] : []), ...root.querySelectorAll("[data-follow]")]) {
    const state = stateOf(region.id);
    state.swaps += 1;
    if (region !== around) state.last = now();
    if (missed(region, since)) want(region.id, now());
  }
}

function note(topic) {
  clock += 1;
  newest.set(topic, clock);
  for (const region of document.querySelectorAll("[data-follow]")) {
    const [, pace] = topicsOf(region).find(([name]) => name === topic) ?? [];
    if (topicsOf(region).some(([name]) => name === topic)) want(region.id, pace ? Math.max(now(), stateOf(region.id).last + Number(pace) * 1000) : now());
  }
}

/** Everything may have changed. */
export function noteAll() {
  for (const topic of newest.keys()) note(topic);
}

onLoad("[data-follow]", (region) => {
  if (!region.id) throw new Error(`data-follow="${region.dataset.follow}" needs an id`);
  stateOf(region.id);
  for (const [topic] of topicsOf(region)) {
    if (newest.has(topic)) continue;
    newest.set(topic, 0);
    document.body.addEventListener(`live:${topic}`, () => note(topic));
  }
});
document.addEventListener("htmx:beforeSend", (event) => asked.set(event.detail.xhr, clock));
document.addEventListener("htmx:afterSwap", (event) => {
  const since = asked.get(event.detail.xhr);
  if (since !== undefined && event.target instanceof Element) noteSwap(event.target, since);
});
setInterval(() => {
  if (document.hidden) return;
  for (const region of document.querySelectorAll("[data-follow][data-every]")) {
    if (now() - stateOf(region.id).last >= Number(region.dataset.every) * 1000) want(region.id, now());
  }
}, 1000);
