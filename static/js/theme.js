/* Chooses light or dark before the first paint; loaded as a blocking script because inline ones are forbidden. */
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function wish() {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage is forbidden: the system decides
    }
  }

  function apply() {
    const chosen = wish();
    root.dataset.bsTheme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen));
    }
  }

  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem("theme", button.dataset.themeSet);
    } catch {
      root.dataset.bsTheme = button.dataset.themeSet === "dark" ? "dark" : "light";
      return;
    }
    apply();
  });
})();
