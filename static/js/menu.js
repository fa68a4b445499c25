/**
 * Menus are native popovers: <button popovertarget="x" aria-haspopup="menu"> and <div class="menu" id="x" popover role="menu">.
 * The browser opens, closes and returns focus; this module places them beside their button, walks them with the arrow keys and fires
 * "menu:open" on the menu so that htmx can fill it. Also the navigation drawer of a phone ([data-drawer]).
 */
let invoker = null;
document.addEventListener("click", (event) => { invoker = event.target.closest("[popovertarget]") ?? invoker; }, true);

document.addEventListener("beforetoggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu") || event.newState !== "open") return;
  const button = invoker?.getAttribute("popovertarget") === menu.id ? invoker : document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  if (!button) return;
  const box = button.getBoundingClientRect();
  const below = innerHeight - box.bottom;
  const top = below > 260 || below > box.top ? `${box.bottom + 4}px` : "auto";
  const bottom = top === "auto" ? `${innerHeight - box.top + 4}px` : "auto";
  const alignRight = box.left + box.width / 2 > innerWidth / 2;
  menu.style.inset = `${top} ${alignRight ? `${Math.max(8, innerWidth - box.right)}px` : "auto"} ${bottom} ${alignRight ? "auto" : `${Math.max(8, box.left)}px`}`;
}, true);

/** On a phone a wide menu under a button in the middle would begin beyond the edge. */
function moveIn(menu) {
  const { left, right } = menu.getBoundingClientRect();
  if (left < 8) { menu.style.left = "8px"; menu.style.right = "auto"; }
  else if (right > innerWidth - 8) { menu.style.left = "auto"; menu.style.right = "8px"; }
}

const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"], a[href], button')].filter((item) => !item.disabled && item.checkVisibility());

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu") || event.newState !== "open") return;
  moveIn(menu);
  menu.dispatchEvent(new CustomEvent("menu:open", { bubbles: true }));
  if (menu.getAttribute("role") === "menu") items(menu)[0]?.focus();
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.('.menu[role="menu"]');
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(event.target);
  const go = { ArrowDown: at + 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (go !== undefined) {
    event.preventDefault();
    all[(go + all.length) % all.length]?.focus();
  } else if (event.key === "Tab") {
    menu.hidePopover();
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ") {
    const letter = event.key.toLowerCase();
    const found = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
    if (found) { event.preventDefault(); event.stopPropagation(); found.focus(); }
  }
}, true);

document.addEventListener("click", (event) => {
  const item = event.target.closest('.menu [role="menuitem"]');
  if (item) item.closest(".menu").hidePopover();
});

const drawerOpen = () => document.documentElement.classList.contains("is-drawer-open");
function setDrawer(open) {
  document.documentElement.classList.toggle("is-drawer-open", open);
  const button = document.querySelector("[data-drawer]");
  for (const rest of document.querySelectorAll(".frame > .bar, .frame > main")) rest.inert = open;
  button?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector(".frame > .nav a")?.focus();
  else button?.focus();
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-drawer]")) setDrawer(!drawerOpen());
  else if (drawerOpen() && !event.target.closest(".nav, .menu")) setDrawer(false);
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drawerOpen()) setDrawer(false); });
