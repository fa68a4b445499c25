/** Security keys: allauth's scripts report a refused or cancelled key as "allauth.error"; say it in words beside the button. */
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  for (const notice of document.querySelectorAll("[data-passkey-error]")) notice.hidden = false;
});
