/**
 * Run `attach` once for every element that matches, now and after each htmx swap.
 * Only for behaviour that needs an instance (a chart, a sortable list); everything else listens on the document.
 * @param {string} selector
 * @param {(element: HTMLElement) => void} attach
 */
export function onLoad(selector, attach) {
  const seen = new WeakSet();
  const scan = (root) => {
    for (const element of [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)]) {
      if (seen.has(element)) continue;
      seen.add(element);
      attach(element);
    }
  };
  scan(document);
  document.addEventListener("htmx:load", (event) => scan(event.target));
}

/** True while the person writes, so that single keys are text. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])"));
}
