/**
 * Says what is wrong at a field while the form is being filled in: form[data-check="<url>"] is POSTed there as it is, and the answer
 * {errors: {<id of the control>: <text>}} is shown at the controls that the person has left. While one types, an error only goes away.
 */
const left = new WeakSet();
const asking = new WeakMap();
const DELAY = 400;
let timer;

function say(control, text) {
  const field = control.closest(".field");
  const shown = field.querySelector(":scope > .err");
  field.classList.toggle("is-bad", Boolean(text));
  if (!text) {
    control.removeAttribute("aria-invalid");
    shown?.remove();
    return;
  }
  control.setAttribute("aria-invalid", "true");
  const line = shown ?? field.appendChild(Object.assign(document.createElement("div"), { className: "err", id: `${control.id}_error` }));
  line.textContent = text;
  const described = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean)).add(line.id);
  control.setAttribute("aria-describedby", [...described].join(" "));
}

async function check(form) {
  asking.get(form)?.abort();
  const control = new AbortController();
  asking.set(form, control);
  let answer;
  try {
    const response = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) }, signal: control.signal });
    if (!response.ok || response.redirected) return;
    answer = await response.json();
  } catch {
    return; // Overtaken, or offline: saving says what is wrong.
  }
  for (const one of form.elements) {
    if (!one.id || !one.closest(".field")) continue;
    const text = answer.errors[one.id];
    if (!text) say(one, "");
    else if (left.has(one) && (one !== document.activeElement || one.closest(".field").classList.contains("is-bad"))) say(one, text);
  }
}

const soon = (form) => {
  clearTimeout(timer);
  timer = setTimeout(() => check(form), DELAY);
};

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-check]");
  if (!form) return;
  left.add(event.target);
  soon(form);
});
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-check]");
  if (form) soon(form);
});
