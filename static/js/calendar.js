/**
 * The calendar's page: [data-calendar] holds [data-column]s with blocks. One that shows today opens at the present hour ([data-now] a third from the top).
 * Moving, resizing and drawing: calendar-drag.js; what the server says to it: calendar-answers.js; keys: calendar-keys.js.
 */
import "./calendar-drag.js";
import "./calendar-keys.js";
import { onLoad } from "./on-load.js";

onLoad("[data-calendar] [data-now]", (line) => {
  const grid = line.closest(".scroll");
  grid.scrollTop = line.offsetTop - grid.clientHeight / 3;
});
