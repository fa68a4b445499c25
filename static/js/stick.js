/** [data-stick]: a log that opens at its newest line and stays there while new ones arrive, unless the person scrolled up to read. */
import { onLoad } from "./on-load.js";

const NEAR = 80;

onLoad("[data-stick]", (log) => {
  let atEnd = true, seen = 0;
  const toEnd = () => { if (atEnd) log.scrollTop = log.scrollHeight; };
  log.addEventListener("scroll", () => { // what grows below moves the end away, but only a person scrolls up
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (near || log.scrollTop < seen) atEnd = near;
    seen = log.scrollTop;
  }, { passive: true });
  log.addEventListener("load", toEnd, true); // a picture has its height only now
  new MutationObserver(toEnd).observe(log, { childList: true, subtree: true, characterData: true });
  new ResizeObserver(toEnd).observe(log);
  toEnd();
});
