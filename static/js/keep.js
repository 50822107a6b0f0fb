/*
 * What a reader opened, or picked, stays so when a live part is fetched again, and a part that is the same is left alone.
 * What was typed into [data-keep-typed] comes back when its fields do, also after a detour over another choice.
 */

const last = new WeakMap();
const opened = new WeakMap();
const typed = new WeakMap();
const ticked = new WeakMap();

function isLive(event) {
  return event.detail.requestConfig?.triggeringEvent?.type === "live";
}

function flags(part) {
  return [...part.querySelectorAll("details")].map((details) => details.open);
}

function typedFields(part) {
  return [...part.querySelectorAll("input[name], textarea[name]")].map((field) => [field, `${field.closest("[data-typed-for]")?.dataset.typedFor ?? ""} ${field.name}`]);
}

function rememberTyped(part) {
  const kept = typed.get(part) ?? new Map();
  for (const [field, key] of typedFields(part)) {
    if (field.value === field.defaultValue) kept.delete(key);
    else kept.set(key, field.value);
  }
  typed.set(part, kept);
}

function restoreTyped(part) {
  for (const [field, key] of typedFields(part)) field.value = typed.get(part)?.get(key) ?? field.value;
}

export function startKeeping() {
  document.addEventListener("htmx:beforeSwap", (event) => event.detail.target.matches("[data-keep-typed]") && rememberTyped(event.detail.target));
  document.addEventListener("htmx:afterSwap", (event) => event.detail.target.matches("[data-keep-typed]") && restoreTyped(event.detail.target));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isLive(event) || !event.detail.shouldSwap) return;
    const { target, serverResponse } = event.detail;
    if (last.get(target) === serverResponse) event.detail.shouldSwap = false;
    last.set(target, serverResponse);
    opened.set(target, flags(target));
    ticked.set(target, new Set([...target.querySelectorAll("input.pick:checked")].map((box) => box.value)));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const before = isLive(event) && opened.get(event.detail.target);
    if (!before) return;
    const boxes = ticked.get(event.detail.target);
    event.detail.target.querySelectorAll("input.pick").forEach((box) => (box.checked ||= boxes.has(box.value)));
    event.detail.target.querySelectorAll("details").forEach((details, i) => {
      if (i < before.length) details.open = before[i];
    });
  });
}
