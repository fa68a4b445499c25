/**
 * hx-swap="morph" | "morph:innerHTML": idiomorph merges the new markup into the old, so a live refresh keeps focus, scroll, open menus and
 * what somebody is typing. Defined here because the extension that idiomorph ships evaluates strings, which the policy forbids.
 * Only a field that somebody types in is left alone: a focused button must not keep the word of the step before.
 */
import { isTyping } from "./on-load.js";

const callbacks = {
  beforeNodeMorphed(old) {
    if (!(old instanceof Element)) return true;
    if (old.matches("[data-keep], dialog[open], .sortable-chosen") || (old.hasAttribute("popover") && old.matches(":popover-open"))) return false;
    return !isEdited(old);
  },
  beforeAttributeUpdated(name, node) {
    if (name === "style") return false;
    return !(name === "open" && node.localName === "details");
  },
};

/** A field whose value differs from what the server sent. @param {Element} field */
function isEdited(field) {
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (field instanceof HTMLInputElement) return field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.type !== "hidden" && field.value !== field.defaultValue;
  return false;
}

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph" || style === "morph:outerHTML",
  handleSwap(style, target, fragment) {
    if (!style.startsWith("morph")) return false;
    const morphStyle = style === "morph:innerHTML" ? "innerHTML" : "outerHTML";
    return Idiomorph.morph(target, morphStyle === "innerHTML" ? [...fragment.childNodes] : [...fragment.children], { morphStyle, ignoreActiveValue: isTyping(document.activeElement), callbacks });
  },
});
