/* Copies ids, tags and code: [data-copy="text"], or [data-copy-code] beside a <pre>. */

async function write(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http has no clipboard API
  area.value = text;
  area.className = "hidden-visually";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser refused to copy");
}

function say(button) {
  button.dataset.copied = "";
  const title = button.title;
  button.title = "Copied";
  setTimeout(() => {
    delete button.dataset.copied;
    button.title = title;
  }, 1400);
  const note = document.createElement("span");
  note.className = "hidden-visually";
  note.setAttribute("role", "status");
  note.textContent = "Copied";
  button.after(note);
  setTimeout(() => note.remove(), 1400);
}

export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-code]");
    if (!button) return;
    event.preventDefault();
    const text = button.dataset.copy ?? button.parentElement.querySelector("pre").textContent;
    try {
      await write(text);
      say(button);
    } catch {
      button.title = "The browser did not allow copying";
    }
  });
}
