/**
 * What to do when a request fails: say so in words, keep the page as it is, and go to the sign-in when the session is over.
 * A region that refreshes itself ([data-quiet]) fails silently; what somebody pressed inside it doesn't.
 */
import { showToast } from "./toasts.js";

const texts = () => document.getElementById("toasts")?.dataset ?? {};

/** Say that the session is over and stay, when leaving would lose what somebody typed. @returns {boolean} whether the page stays */
export function staysSignedOut() {
  if (!document.querySelector("form[data-guard][data-dirty], dialog[data-dirty]")) return false;
  const { signedOut, signIn } = texts();
  showToast({ text: signedOut, tone: "bad", link_url: document.body.dataset.loginUrl, link_text: signIn });
  return true;
}

/** @param {XMLHttpRequest} request */
function reason(request) {
  if (request.getResponseHeader("content-type")?.includes("json")) {
    try {
      const problem = JSON.parse(request.responseText);
      if (problem.detail || problem.title) return problem.detail || problem.title;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const known = texts();
  return known[request.status] ?? (request.status >= 500 ? known[500] : known[400]);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const login = document.body.dataset.loginUrl;
  if (login && xhr.responseURL && new URL(xhr.responseURL).pathname === login && location.pathname !== login) {
    event.detail.shouldSwap = false;
    if (staysSignedOut()) return;
    location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  // A refusal that brings its own explanation (a conflict with the nearest free times) says where it goes.
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A new sign-in, in another tab too, makes a new token: the page sends the one that holds now, not the one it was made with.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (!token || event.detail.verb === "get") return;
  event.detail.headers["X-CSRFToken"] = token;
  if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  if (elt.matches("[data-quiet]")) return;
  if (/"toast"/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) return;
  showToast({ text: reason(xhr), tone: "bad" });
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.matches("[data-quiet]")) showToast({ text: texts().offline, tone: "bad" });
});
document.addEventListener("htmx:timeout", (event) => {
  if (!event.detail.elt.matches("[data-quiet]")) showToast({ text: texts().timeout, tone: "bad" });
});
