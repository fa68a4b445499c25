/** A file that is dropped beside the field of form[data-file-drop] is chosen there: nobody should have to aim. Where a
 * page takes no file, a dropped one must not make the browser leave it. Pages with [data-uploads]: uploads.js. */
const field = () => (document.querySelector("dialog[open]") ?? document.querySelector("main"))?.querySelector("form[data-file-drop] input[type=file]") ?? null;
const isOurs = (event) => !event.defaultPrevented && [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.("input[type=file]");

function mark(isOver) {
  field()?.classList.toggle("is-over", isOver);
}

document.addEventListener("dragover", (event) => {
  if (!isOurs(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = field() ? "copy" : "none";
  mark(true);
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
document.addEventListener("drop", (event) => {
  mark(false);
  if (!isOurs(event)) return;
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  const input = field();
  if (!file || !input) return;
  const chosen = new DataTransfer();
  chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
});
