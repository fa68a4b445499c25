/** A strip of tabs that is wider than the screen shows the tab that is open. */
import { onLoad } from "./on-load.js";

onLoad(".tabs > [aria-current]", (tab) => {
  const strip = tab.parentElement, at = tab.getBoundingClientRect();
  strip.scrollLeft += at.left - strip.getBoundingClientRect().left - (strip.clientWidth - at.width) / 2;
});
