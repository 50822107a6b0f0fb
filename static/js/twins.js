/* The input of a run as fields and as JSON: whoever changes the tab finds there what was typed in the other one. */

function put(field, value) {
  if (field.value === value) return;
  if (field.matches("select") && ![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
  field.value = value;
  field.dispatchEvent(new CustomEvent("editor:set", { detail: { quietly: true } }));
}

function say(form, words) {
  const place = form.querySelector("[data-twins-said]");
  place.hidden = !words;
  place.querySelector("div").textContent = words ?? "";
}

/* What somebody went on typing meanwhile is newer than the answer. */
function fill(form, sent, answer) {
  const texts = answer.json === undefined ? (answer.fields ?? {}) : { json: answer.json };
  for (const [name, value] of Object.entries(texts)) {
    const field = form.elements.namedItem(name);
    if (field && field.value === sent.get(name)) put(field, value);
  }
  say(form, answer.said);
}

async function step(event) {
  const form = event.target.closest("form[data-twins]");
  const panel = event.target.id;
  if (!form || !["fields", "json"].includes(panel)) return;
  const sent = new FormData(form);
  const body = new FormData(form);
  body.set("to", panel);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.ok && !answer.redirected) fill(form, sent, await answer.json());
  } catch {
    say(form, "The server did not answer: the other tab still shows what it did.");
  }
}

export function startTwins() {
  document.addEventListener("tab:shown", step);
}
