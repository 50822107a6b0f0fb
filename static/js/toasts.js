/* Toasts: those drawn by the server, those sent as HX-Trigger: {"toast": {"level": "success", "text": "Saved"}}, and failures of requests. */

const LIFE_MS = 6000;
const WORDS = {
  403: "Your role does not allow this. Nothing was changed.",
  404: "That is no longer there. Reload the page to see what is.",
  409: "Someone changed this meanwhile. Reload the page and try again.",
  413: "That is too large to send.",
  429: "Too many requests. Wait a moment and try again.",
};

export function toast(level, text) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const note = document.createElement("div");
  note.className = `toast-note toast-${["success", "error", "warning", "info"].includes(level) ? level : "info"}`;
  note.dataset.toast = "";
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  note.append(words, close);
  place.append(note);
  retire(note);
}

function retire(note) {
  note.dataset.toast = "timed";
  if (note.classList.contains("toast-error")) return; // errors stay until they are read
  setTimeout(() => (note.matches(":hover, :focus-within") ? retire(note) : note.remove()), LIFE_MS);
}

function prepare() {
  for (const note of document.querySelectorAll('[data-toast=""]')) retire(note);
}

export function startToasts() {
  prepare();
  document.addEventListener("htmx:oobAfterSwap", prepare);
  document.addEventListener("htmx:load", prepare);
  document.addEventListener("toast", (event) => toast(event.detail.level, String(event.detail.text ?? "")));
  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    toast("error", WORDS[status] ?? `The server answered ${status}. Nothing was lost; try again.`);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig?.triggeringEvent?.type !== "live") toast("error", "The server cannot be reached. Try again when the connection is back.");
  });
}
