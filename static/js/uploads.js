/*
 * <form data-upload="address of the files API">: what is chosen or dropped goes there in pieces, then the form's own address saves
 * each file. Without scripts the form sends the files itself.
 */

const PIECE = 8_000_000;
const AGAIN_MS = 1_500;

function problem(text, status) {
  try {
    const given = JSON.parse(text);
    return given.detail || given.title || given.message || `The server answered ${status}.`;
  } catch {
    return `The server answered ${status}.`;
  }
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", headers: {}, ...options });
  const text = await answer.text();
  if (!answer.ok) throw new Error(problem(text, answer.status));
  return JSON.parse(text);
}

function line(list, name) {
  const row = document.createElement("li");
  const label = document.createElement("span");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  label.className = "truncate";
  label.textContent = name;
  bar.className = "progress-line";
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  words.className = "muted small";
  row.append(label, bar, words);
  list.append(row);
  return {
    at(share, text) {
      bar.value = share;
      words.textContent = text;
    },
    failed(text) {
      bar.remove();
      row.classList.add("tone-bad");
      words.textContent = text;
    },
    gone: () => row.remove(),
  };
}

/* The id of the kept content. */
async function send(api, product, token, file, shown) {
  const headers = { "X-CSRFToken": token, "Content-Type": file.type || "application/octet-stream" };
  let id = "";
  let sent = 0;
  do {
    const piece = file.slice(sent, sent + PIECE);
    const last = sent + piece.size >= file.size;
    const begin = `${api}?${new URLSearchParams({ product, name: file.name, whole: last })}`;
    const more = `${api}${id}/?${new URLSearchParams({ offset: sent, last })}`;
    const kept = await ask(id ? more : begin, { method: id ? "PUT" : "POST", headers, body: piece });
    id = kept.id;
    sent += piece.size;
    shown.at(file.size ? (sent / file.size) * 0.95 : 0.95, `${Math.round((sent / Math.max(file.size, 1)) * 100)} %`);
  } while (sent < file.size);
  return id;
}

async function upload(form, file, folder) {
  const shown = line(form.querySelector("[data-uploads]"), folder + file.name);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const id = await send(form.dataset.upload, form.dataset.product, token, file, shown);
    shown.at(0.97, "Saving");
    const body = new URLSearchParams({ key: folder + file.name, file: id, csrfmiddlewaretoken: token });
    let saved = await ask(form.action, { method: "POST", body });
    while (!saved.ended) {
      await new Promise((done) => setTimeout(done, AGAIN_MS));
      saved = await ask(`${form.action}&run=${saved.run}`);
    }
    if (saved.state === "completed") shown.gone();
    else shown.failed(saved.message || `The run is ${saved.state}.`);
  } catch (error) {
    shown.failed(error.message);
  }
}

async function chosen(event) {
  const form = event.target.closest?.("form[data-upload]");
  if (!form || event.target.type !== "file") return;
  const files = [...event.target.files];
  event.target.value = "";
  const given = form.querySelector("[data-upload-folder]").value.trim();
  const folder = given && !given.endsWith("/") ? `${given}/` : given;
  for (const file of files) await upload(form, file, folder);
  document.body.dispatchEvent(new Event("files-changed"));
}

export function startUploads() {
  document.addEventListener("change", chosen);
}
