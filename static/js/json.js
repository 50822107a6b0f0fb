/* JSON trees drawn by the server: [data-json-open] and [data-json-close] beside a .json open and close all of it. */
export function startJson() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-json-open], [data-json-close]");
    if (!button) return;
    const tree = button.closest(".card, [data-json]")?.querySelector(".json");
    const open = "jsonOpen" in button.dataset;
    for (const part of tree?.querySelectorAll("details") ?? []) part.open = open;
  });
}
