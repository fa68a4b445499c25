/** Light, dark or the system's: a cookie that the server renders into <html data-bs-theme>, so no page ever flashes. */
const root = document.documentElement;
const mark = () => {
  for (const choice of document.querySelectorAll("[data-theme]")) choice.setAttribute("aria-checked", String(choice.dataset.theme === root.dataset.bsTheme));
};

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme]");
  if (!choice) return;
  root.dataset.bsTheme = choice.dataset.theme;
  const age = choice.dataset.theme === "auto" ? 0 : 31536000;
  document.cookie = `theme=${choice.dataset.theme}; path=/; max-age=${age}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  mark();
  document.dispatchEvent(new CustomEvent("theme:change"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("theme:change")));
mark();

/** The value of a colour token now, for canvases (charts): token("--brand"). @param {string} name */
export const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();
