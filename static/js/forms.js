/* Forms: Ctrl Enter saves, tags follow names, unsaved changes are guarded, files are dropped, nothing is sent twice. */

const MAX_TAG = 63;

export function tagFrom(name) {
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, MAX_TAG).replace(/-+$/, "");
}

/* <input data-tag-from="id_name">: follows that field until it was edited itself or came filled. */
function followName(event) {
  const field = event.target;
  if (field.dataset?.tagFrom !== undefined) {
    field.dataset.edited = field.value ? "yes" : "";
    return;
  }
  if (!field.id) return;
  const tag = document.querySelector(`[data-tag-from="${CSS.escape(field.id)}"]`);
  if (!tag || tag.dataset.edited === "yes" || tag.readOnly) return;
  tag.value = tagFrom(field.value);
}

function rememberGiven(root) {
  for (const tag of root.querySelectorAll?.("[data-tag-from]") ?? []) {
    const name = document.getElementById(tag.dataset.tagFrom);
    if (tag.value && tag.value !== tagFrom(name?.value ?? "")) tag.dataset.edited = "yes";
  }
}

function dropped(event) {
  const place = event.target.closest?.("[data-drop]");
  if (!place) return;
  event.preventDefault();
  place.toggleAttribute("data-over", event.type === "dragover");
  const input = place.querySelector("input[type=file]");
  if (event.type === "drop" && event.dataTransfer.files.length) {
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function nameFile(event) {
  const words = event.target.closest?.("[data-drop]")?.querySelector("[data-drop-name]");
  const file = event.target.files?.[0];
  if (words && file) words.textContent = `${file.name}, ${Math.max(1, Math.round(file.size / 1000)).toLocaleString("en")} kB`;
}

function saveByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("form");
  if (!form) return;
  event.preventDefault();
  const primary = [...form.querySelectorAll("[data-primary]")].find((button) => !button.closest("[hidden]"));
  form.requestSubmit(primary ?? form.querySelector("button[type=submit]"));
}

/* Buttons rest while a plain form is on its way; HTMX forms are guarded by hx-disabled-elt or hx-sync. */
function restButtons(event) {
  if (event.defaultPrevented || !event.target.matches("form") || event.target.getAttribute("method") === "dialog") return;
  const form = event.target;
  setTimeout(() => {
    for (const button of form.querySelectorAll("button[type=submit]:not(:disabled)")) {
      button.disabled = true;
      button.dataset.resting = "";
    }
  });
  setTimeout(() => wake(form), 8000); // a download, or an answer that was stopped
}

function wake(root) {
  for (const button of root.querySelectorAll("[data-resting]")) {
    button.disabled = false;
    delete button.dataset.resting;
  }
}

function startGuard() {
  const changed = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-guard]");
    if (form) changed.add(form);
  });
  document.addEventListener("submit", (event) => changed.delete(event.target));
  document.addEventListener("htmx:beforeRequest", (event) => changed.delete(event.target));
  window.addEventListener("beforeunload", (event) => {
    for (const form of changed) if (!form.isConnected) changed.delete(form);
    if (changed.size || document.querySelector("[data-unsaved]")) event.preventDefault();
  });
}

export function startForms() {
  rememberGiven(document);
  document.addEventListener("htmx:load", (event) => rememberGiven(event.detail.elt));
  document.addEventListener("input", followName);
  document.addEventListener("change", nameFile);
  document.addEventListener("keydown", saveByKey);
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, dropped);
  document.addEventListener("submit", restButtons);
  window.addEventListener("pageshow", () => wake(document));
  startGuard();
  document.querySelector('.field [aria-invalid="true"]')?.focus();
}
