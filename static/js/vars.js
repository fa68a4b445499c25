/* Numbers for the style sheet without style attributes (the policy forbids them): data-vars="s:30;d:20" becomes --s: 30; --d: 20.
   Loaded in <head>, before the first paint: a mutation observer sees elements as they are parsed, swapped or morphed. */
(() => {
  /** @param {Element} element */
  const apply = (element) => {
    for (const pair of element.dataset.vars.split(";")) {
      const at = pair.indexOf(":");
      if (at > 0) element.style.setProperty(`--${pair.slice(0, at).trim()}`, pair.slice(at + 1).trim());
    }
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") { if (change.target.dataset.vars) apply(change.target); continue; }
      for (const node of change.addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.dataset?.vars) apply(node);
        node.querySelectorAll("[data-vars]").forEach(apply);
      }
    }
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-vars"] });
})();
