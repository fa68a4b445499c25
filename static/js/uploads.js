/**
 * [data-uploads]: files that are chosen, dropped or taken with the camera go straight to the storage, three at a time.
 * Each has a line of its own with its progress, and, when it fails, what to do about it. The grid beside it follows the
 * event "files" by itself.
 */
const AT_ONCE = 3;

class Refused extends Error {}

/** @param {string} url @param {object} body @returns {Promise<object>} */
async function ask(url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "" },
      body: JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof TypeError) return Promise.reject(new Refused(""));
    throw error;
  }
  const said = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
  if (answer.ok) return said;
  throw new Refused(said.errors?.[0]?.message ?? said.detail ?? "");
}

/** Post the file as the form says. fetch can't tell how far it is, XMLHttpRequest can. */
function send({ url, fields, file_field: field }, file, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append(field, file);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress((100 * event.loaded) / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve();
      let detail = "";
      if (request.getResponseHeader("content-type")?.includes("json")) ({ detail } = JSON.parse(request.responseText));
      return reject(new Refused(detail));
    });
    request.addEventListener("error", () => reject(new Refused("")));
    request.send(form);
  });
}

/** Several that were not added can be cleared at once. */
function countBad(zone) {
  zone.querySelector(".clear").hidden = zone.querySelectorAll(".send.is-bad").length < 2;
}

document.addEventListener("click", (event) => {
  const zone = event.target.closest?.(".clear-all")?.closest("[data-uploads]");
  if (!zone) return;
  for (const line of zone.querySelectorAll(".send.is-bad")) line.remove();
  countBad(zone);
  zone.querySelector("input[type=file]").focus();
});

/** One file's line. */
class Line {
  constructor(zone, file, purpose) {
    this.zone = zone;
    this.file = file;
    this.purpose = purpose;
    this.element = zone.querySelector("template").content.firstElementChild.cloneNode(true);
    this.element.querySelector("bdi").textContent = file.name;
    for (const button of [".away", ".keep"]) this.element.querySelector(button).addEventListener("click", () => this.leave());
    this.again = this.element.querySelector(".again");
    this.again.addEventListener("click", () => enqueue(this));
    this.say("waiting");
    zone.querySelector(".sending").append(this.element);
  }

  /** @param {string} key one of data-text-… @param {string} [text] instead of it */
  say(key, text = "") {
    this.element.querySelector(".l2").textContent = text || this.zone.getAttribute(`data-text-${key}`);
    // What was refused with a reason is refused again; only a broken connection is worth another try.
    this.element.classList.toggle("is-bad", key === "offline");
    this.again.hidden = key !== "offline" || text !== "";
    countBad(this.zone);
  }

  leave() {
    this.element.remove();
    countBad(this.zone);
  }

  /** Say that the patient has these bytes already, and ask which of the two stays. @param {{id: string, file_name: string}} same */
  ask(same, id) {
    this.say("same");
    const link = document.createElement("a");
    link.href = `/files/${same.id}/`;
    link.setAttribute("hx-get", link.href);
    link.setAttribute("hx-target", "#modal");
    link.append(document.createElement("bdi"));
    link.firstChild.textContent = same.file_name;
    this.element.querySelector(".l2").append(" ", link);
    const off = this.element.querySelector(".off");
    off.setAttribute("hx-post", `/files/${id}/delete/`);
    off.setAttribute("hx-vals", JSON.stringify({ reason: this.zone.dataset.textTwice }));
    off.setAttribute("hx-swap", "none");
    off.addEventListener("htmx:afterRequest", (event) => event.detail.successful && this.leave());
    this.element.querySelector(".twice").hidden = false;
    this.element.querySelector("progress").hidden = true;
    htmx.process(this.element);
  }

  async work() {
    const bar = this.element.querySelector("progress");
    bar.value = 0;
    this.say("sending");
    const address = this.zone.dataset.uploadsUrl;
    const begun = await ask(address, { file_name: this.file.name, content_type: this.file.type, size: this.file.size, purpose: this.purpose, patient: this.zone.dataset.patient });
    await send(begun.upload, this.file, (percent) => { bar.value = percent; });
    bar.value = 100;
    this.say("checking");
    const complete = `${address}${begun.id}/complete/`;
    const done = await ask(complete, {});
    if (done.state === "checking") return void this.follow(complete);
    return this.settle(done);
  }

  /** A large file is looked at in the background, and the queue does not wait: ask until it is known what came of it. */
  async follow(complete) {
    this.say("later");
    for (let pause = 1000; ; pause = Math.min(2 * pause, 30_000)) {
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      if (!this.element.isConnected) return undefined;
      try {
        const done = await ask(complete, {});
        if (done.state !== "checking") return this.settle(done);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // A connection that broke off is asked again; the file is there already.
        if (error.message) return this.say("offline", error.message);
      }
    }
  }

  settle(done) {
    document.body.dispatchEvent(new CustomEvent("live:files"));
    if (done.same_as) return this.ask(done.same_as, done.id);
    this.say("done");
    return setTimeout(() => this.leave(), 2500);
  }
}

const waiting = [];
let working = 0;

async function enqueue(line) {
  waiting.push(line);
  if (working >= AT_ONCE) return;
  working += 1;
  while (waiting.length) {
    const next = waiting.shift();
    try {
      await next.work();
    } catch (error) {
      next.say("offline", error.message);
      if (!(error instanceof Refused)) reportError(error);
    }
  }
  working -= 1;
}

function take(zone, files, purpose = "document") {
  for (const file of files) enqueue(new Line(zone, file, purpose));
}

document.addEventListener("change", (event) => {
  const zone = event.target.closest?.("[data-uploads]");
  if (!zone || event.target.type !== "file") return;
  take(zone, [...event.target.files], event.target.dataset.purpose);
  event.target.value = "";
});

/** Files may be dropped anywhere on a page with such a zone: nobody should have to aim. */
const zoneFor = (event) => ([...(event.dataTransfer?.types ?? [])].includes("Files") ? document.querySelector("[data-uploads]") : null);
document.addEventListener("dragover", (event) => {
  const zone = zoneFor(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.querySelector("[data-uploads]")?.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  const zone = zoneFor(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("is-over");
  take(zone, [...event.dataTransfer.files]);
});
