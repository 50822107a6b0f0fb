/* Graphs: the ground can be dragged, and a graph that is drawn anew stays where the reader had scrolled it. */

const kept = new Map(); // by its order on the page

function remember() {
  document.querySelectorAll("[data-graph]").forEach((graph, i) => kept.set(i, [graph.scrollLeft, graph.scrollTop]));
}

function restore() {
  document.querySelectorAll("[data-graph]").forEach((graph, i) => {
    const [left, top] = kept.get(i) ?? [graph.scrollLeft, graph.scrollTop];
    graph.scrollTo({ left, top, behavior: "instant" });
  });
}

/* What works or waits, failed or is chosen comes into view, without moving the page. */
function reveal(graph) {
  const card = graph.querySelector("[aria-current], .graph-bad, .graph-busy, .graph-wait, .graph-card");
  if (!card) return;
  const box = card.getBoundingClientRect();
  const frame = graph.getBoundingClientRect();
  const down = box.bottom > frame.bottom ? (box.top + box.bottom - frame.top - frame.bottom) / 2 : 0;
  graph.scrollBy({ left: Math.max(0, box.right - frame.right + 24), top: down, behavior: "instant" });
}

function drag(event) {
  const graph = event.target.closest?.("[data-graph]");
  if (!graph || event.button !== 0 || event.pointerType === "touch" || event.target.closest("a, button, .graph-card")) return;
  const from = { x: event.clientX + graph.scrollLeft, y: event.clientY + graph.scrollTop };
  const move = (moved) => {
    graph.dataset.dragging = "";
    graph.scrollTo({ left: from.x - moved.clientX, top: from.y - moved.clientY, behavior: "instant" });
  };
  const stop = () => {
    delete graph.dataset.dragging;
    document.removeEventListener("pointermove", move);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", stop, { once: true });
  document.addEventListener("pointercancel", stop, { once: true });
}

/* A part that is fetched again because something happened keeps what the reader unfolds in its graph, in that moment too. */
function keepOpened(event) {
  const { elt, parameters, path, triggeringEvent } = event.detail;
  const part = elt.closest("[data-live]");
  if (!part) return;
  if (elt.matches(".graph-fold")) part.dataset.opened = new URL(path, location.href).searchParams.get("open") ?? "";
  const opened = part.dataset.opened ?? part.querySelector("[data-graph]")?.dataset.opened;
  if (triggeringEvent?.type === "live" && part === elt && opened) parameters.open = opened;
}

/* A graph that was hidden had no size to move in; one that the reader has moved stays where it is. */
function revealShown(event) {
  for (const graph of event.target.querySelectorAll("[data-graph]")) if (!graph.scrollLeft && !graph.scrollTop) reveal(graph);
}

export function startGraphs() {
  document.querySelectorAll("[data-graph]").forEach(reveal);
  document.addEventListener("tab:shown", revealShown);
  document.addEventListener("pointerdown", drag);
  document.addEventListener("htmx:configRequest", keepOpened);
  document.addEventListener("htmx:beforeSwap", remember);
  document.addEventListener("htmx:afterSwap", restore);
}
