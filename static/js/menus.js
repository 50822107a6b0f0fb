/* <details data-menu> as menus: one open at a time, closed by Escape, by a click elsewhere, by leaving; and the drawer on phones. */

function closeAll(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

function drawer(open) {
  document.body.classList.toggle("nav-open", open);
  const toggle = document.querySelector("[data-nav-open]");
  toggle?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#side a")?.focus();
  else toggle?.focus();
}

function move(menu, step) {
  const items = [...menu.querySelectorAll(".menu-list :is(a, button)")];
  const at = items.indexOf(document.activeElement);
  items.at((at + step + items.length) % items.length)?.focus();
}

export function startMenus() {
  document.addEventListener("click", (event) => {
    closeAll(event.target.closest("details[data-menu]"));
    if (event.target.closest("[data-nav-open]")) drawer(true);
    else if (event.target.closest("[data-nav-close]")) drawer(false);
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.activeElement?.closest("details[data-menu][open]");
    if (event.key === "Escape") {
      if (document.body.classList.contains("nav-open")) drawer(false);
      if (menu) menu.querySelector("summary").focus();
      closeAll();
    } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(menu, event.key === "ArrowDown" ? 1 : -1);
    }
  });
}
