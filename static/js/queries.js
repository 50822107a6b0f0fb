/*
 * The last queries of a console, kept in this browser only: <form data-queries="person:database:environment"> and
 * [data-queries-list] beside it, which is shown when there are any.
 */
const MOST = 20;
const LONGEST = 20_000;

function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

function draw(form) {
  const list = document.querySelector("[data-queries-list]");
  if (!list) return;
  const kept = read(`queries:${form.dataset.queries}`);
  list.hidden = !kept.length;
  list.querySelector("ul").replaceChildren(
    ...kept.map((text) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link-button mono truncate";
      button.textContent = text.replaceAll(/\s+/g, " ").slice(0, 200);
      button.addEventListener("click", () => write(form, text));
      item.append(button);
      return item;
    }),
  );
}

function write(form, text) {
  const area = form.elements.namedItem("text");
  area.value = text;
  area.dispatchEvent(new CustomEvent("editor:set"));
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function keep(form) {
  const text = form.elements.namedItem("text").value.trim().slice(0, LONGEST);
  if (!text) return;
  const key = `queries:${form.dataset.queries}`;
  try {
    localStorage.setItem(key, JSON.stringify([text, ...read(key).filter((one) => one !== text)].slice(0, MOST)));
  } catch {
    // the browser keeps nothing: then there is no history
  }
  draw(form);
}

export function startQueries() {
  const form = document.querySelector("form[data-queries]");
  if (!form) return;
  draw(form);
  form.addEventListener("submit", () => keep(form));
  document.querySelector("[data-queries-clear]")?.addEventListener("click", () => {
    localStorage.removeItem(`queries:${form.dataset.queries}`);
    draw(form);
  });
}
