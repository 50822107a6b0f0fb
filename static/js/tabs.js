/*
 * Tabs on a page: [role=tablist][data-tabs] with buttons that name their panel by aria-controls. Arrow keys move.
 * data-tabs-remember keeps the choice, data-tabs-narrow names the panel that a phone begins with.
 */

/* Where there is no room for all of them, the one that is shown comes into view, without moving the page. */
function reveal(tab) {
  const row = tab.parentElement;
  if (row.scrollWidth <= row.clientWidth) return;
  const [box, frame] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollBy({ left: box.left + box.width / 2 - frame.left - frame.width / 2, behavior: "instant" });
}

function show(list, tab) {
  for (const other of list.querySelectorAll("[role=tab]")) {
    const on = other === tab;
    other.setAttribute("aria-selected", String(on));
    other.tabIndex = on ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    if (!panel) continue;
    const wasHidden = panel.hidden;
    panel.hidden = !on;
    if (on && wasHidden) panel.dispatchEvent(new CustomEvent("tab:shown", { bubbles: true }));
  }
  reveal(tab);
  if (list.dataset.tabsRemember) sessionStorage.setItem(`tab:${list.dataset.tabsRemember}`, tab.textContent.trim());
}

function prepare(root) {
  root.querySelectorAll?.(".tabs > [aria-current]").forEach(reveal);
  for (const list of root.querySelectorAll?.("[data-tabs]") ?? []) {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const kept = list.dataset.tabsRemember && sessionStorage.getItem(`tab:${list.dataset.tabsRemember}`);
    const narrow = window.matchMedia("(max-width: 640px)").matches && list.dataset.tabsNarrow;
    const chosen = tabs.find((tab) => tab.textContent.trim() === kept) ?? tabs.find((tab) => tab.getAttribute("aria-controls") === narrow) ?? tabs.find((tab) => tab.ariaSelected === "true");
    if (chosen ?? tabs[0]) show(list, chosen ?? tabs[0]);
  }
}

export function startTabs() {
  prepare(document);
  // With the page's own letters the row is wider than it was.
  document.fonts.ready.then(() => document.querySelectorAll('.tabs > :is([aria-current], [aria-selected="true"])').forEach(reveal));
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tabs] [role=tab]");
    if (tab) show(tab.closest("[data-tabs]"), tab);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[data-tabs] [role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = [...tab.closest("[data-tabs]").querySelectorAll("[role=tab]")];
    const next = tabs.at((tabs.indexOf(tab) + step) % tabs.length);
    show(tab.closest("[data-tabs]"), next);
    next.focus();
  });
}
