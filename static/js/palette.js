/* Ctrl K or /: finds anything by name, tag or run id. Asks data-find-url?q=…, which answers [{title, hint, url, icon}]. */

const WAIT_MS = 120;

class Palette {
  constructor(dialog) {
    this.dialog = dialog;
    this.input = dialog.querySelector("input");
    this.list = dialog.querySelector("ul");
    this.note = dialog.querySelector(".palette-note");
    this.timer = 0;
    this.request = null;
    this.at = 0;
    this.input.addEventListener("input", () => this.later());
    dialog.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("pointermove", (event) => this.point(event));
  }

  open() {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.input.select();
    this.search();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), WAIT_MS);
  }

  async search() {
    this.request?.abort();
    this.request = new AbortController();
    const url = new URL(this.dialog.dataset.findUrl, location.href);
    url.searchParams.set("q", this.input.value.trim());
    try {
      const answer = await fetch(url, { signal: this.request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      this.draw(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") this.say("The search did not answer. Type again to try once more.");
    }
  }

  draw(found) {
    const items = found.filter((item) => new URL(item.url, location.href).origin === location.origin).map((item, i) => this.row(item, i));
    this.list.replaceChildren(...items);
    this.say(items.length ? "" : this.input.value.trim() ? "Nothing has this name, tag or id." : "Type a name, a tag or a run id.");
    this.choose(0);
  }

  row(item, position) {
    const row = document.createElement("li");
    row.id = `palette-${position}`;
    row.setAttribute("role", "option");
    const link = document.createElement("a");
    link.href = item.url;
    link.tabIndex = -1;
    const title = document.createElement("span");
    title.className = "truncate";
    title.textContent = item.title;
    link.append(this.icon(item.icon), title);
    if (item.hint) {
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = item.hint;
      link.append(hint);
    }
    row.append(link);
    return row;
  }

  icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", `${this.dialog.dataset.icons}#${/^[a-z0-9-]+$/.test(name ?? "") ? name : "arrow-right"}`);
    svg.append(use);
    return svg;
  }

  say(text) {
    this.note.hidden = !text;
    this.note.textContent = text;
    if (text) this.list.replaceChildren();
  }

  choose(position) {
    const rows = this.list.children;
    if (!rows.length) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    this.at = (position + rows.length) % rows.length;
    [...rows].forEach((row, i) => row.setAttribute("aria-selected", String(i === this.at)));
    rows[this.at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", rows[this.at].id);
  }

  point(event) {
    const row = event.target.closest("li");
    if (row && row.getAttribute("aria-selected") !== "true") this.choose([...this.list.children].indexOf(row));
  }

  key(event) {
    if (event.key === "ArrowDown") this.choose(this.at + 1);
    else if (event.key === "ArrowUp") this.choose(this.at - 1);
    else if (event.key === "Enter") this.list.children[this.at]?.querySelector("a").click();
    else if (event.key === "Escape") this.dialog.close(); // a search box would only empty itself
    else return;
    event.preventDefault();
  }
}

function asksToFind(event) {
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "k" && !event.shiftKey;
  return event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable], dialog[open]");
}

export function startPalette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const palette = new Palette(dialog);
  document.addEventListener("keydown", (event) => {
    if (event.altKey || !asksToFind(event)) return;
    event.preventDefault();
    palette.open();
  });
  document.addEventListener("click", (event) => event.target.closest("[data-palette-open]") && palette.open());
}
