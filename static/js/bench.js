/*
 * The editor of a feature. The server draws every part from the document in the JSON field; what it changed there comes
 * back as data-text and goes into the field. What it found wrong is marked in the JSON, and a click leads there.
 */

function area() {
  return document.querySelector("[data-bench] textarea[data-editor]");
}

function takeText() {
  const state = document.getElementById("bench-state");
  const field = area();
  if (!field || state?.dataset.text === undefined) return;
  field.value = state.dataset.text;
  delete state.dataset.text;
  field.dispatchEvent(new CustomEvent("editor:set", { detail: { quietly: true } }));
}

function markTroubles() {
  const rows = [...document.querySelectorAll("[data-trouble]")];
  const found = rows.map((row) => ({ pointer: row.dataset.trouble, message: row.dataset.says, severity: "warning" in row.dataset ? "warning" : "error" }));
  area()?.dispatchEvent(new CustomEvent("editor:troubles", { detail: found.filter((one) => one.pointer) }));
}

function jump(event) {
  const source = event.target.closest?.("[data-jump]");
  if (!source) return;
  document.querySelector('[role=tab][aria-controls="as-json"]')?.click();
  area()?.dispatchEvent(new CustomEvent("editor:jump", { detail: source.dataset.jump }));
}

/* A menu whose entry was chosen is done with. */
function closeMenus(event) {
  if (!event.target.matches?.("[data-bench]")) return;
  for (const menu of event.target.querySelectorAll("details[data-menu][open]")) menu.open = false;
}

/* On a narrow screen the panel is below the graph: what was selected there comes into view. */
function showPanel(event) {
  const asked = event.detail.requestConfig?.parameters ?? {};
  if (asked.select !== undefined && window.matchMedia("(max-width: 1080px)").matches) document.getElementById("bench-panel")?.scrollIntoView({ block: "start" });
}

export function startBenches() {
  if (!document.querySelector("[data-bench]")) return;
  document.addEventListener("htmx:afterSettle", () => {
    takeText();
    markTroubles();
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target?.id === "bench-state") takeText();
    if (event.detail.target?.id === "bench-troubles") markTroubles();
  });
  document.addEventListener("htmx:afterRequest", showPanel);
  document.addEventListener("editor:ready", markTroubles);
  document.addEventListener("click", jump);
  document.addEventListener("submit", closeMenus);
}
