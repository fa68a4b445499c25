/** [data-stick]: a log that opens at its newest line and stays there while new ones arrive, unless the person scrolled up to read. */
import { onLoad } from "./on-load.js";

const NEAR = 80;

onLoad("[data-stick]", (log) => {
  let atEnd = true;
  const toEnd = () => { if (atEnd) log.scrollTop = log.scrollHeight; };
  log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR; }, { passive: true });
  new MutationObserver(toEnd).observe(log, { childList: true, subtree: true, characterData: true });
  new ResizeObserver(toEnd).observe(log);
  toEnd();
});
