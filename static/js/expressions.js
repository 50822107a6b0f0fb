/*
 * Completes references and operators in <textarea data-expression>. What may stand there comes from the server's own
 * analysis, once for each state of the document; arrows choose, Enter or Tab takes, Esc closes, Ctrl Space opens.
 * Below each field stands what it would have given in a run that one chooses.
 */

const WAIT_MS = 150;
const REST_MS = 500;
const MOST = 60;
const OPEN = /(^|[^$])\$([A-Za-z]*)((?:\{[^{}]*\})*)(\{[^{}]*)?$/;

/* What is being written before the caret: a name, or a segment of a reference; null for neither. */
export function written(text) {
  const found = OPEN.exec(text);
  if (!found) return null;
  const [, , name, closed, open] = found;
  if (open === undefined) return closed ? null : { name: "", path: [], part: name };
  return { name, path: [...closed.matchAll(/\{([^{}]*)\}/g)].map((one) => one[1]), part: open.slice(1) };
}

/* The names below a reference's path: a segment is a key, or several that stand with dots between them. */
function below(names, { name, path }) {
  let node = names[name];
  for (const segment of path) node = node?.in?.[segment] ?? segment.split(".").reduce((inner, key) => inner?.in?.[key], node);
  return node?.in ?? {};
}

/* Those that begin with what was written come first, then those that have it somewhere. */
function ranked(options, part) {
  const wanted = part.toLowerCase();
  const place = (option) => option.label.toLowerCase().indexOf(wanted);
  const rank = (option) => (place(option) === 0 ? 0 : 1);
  return options.filter((option) => place(option) >= 0).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

export function offered({ names, operators }, asked) {
  if (!asked.name) {
    const references = Object.entries(names).map(([label, one]) => ({ label, form: one.form, hint: one.text, put: one.in ? `${label}{` : label, again: Boolean(one.in) }));
    const calls = operators.map(({ name, form, text, arguments: count }) => ({ label: name, form, hint: text, put: `${name}()`, back: count ? 1 : 0 }));
    return ranked([...references, ...calls], asked.part);
  }
  const more = asked.path.length + 1 < (names[asked.name]?.needs ?? 0);
  const keys = Object.entries(below(names, asked)).map(([label, one]) => ({ label, form: label, hint: one.is, put: more ? `${label}}{` : `${label}}`, again: more }));
  return ranked(keys, asked.part);
}

class Completion {
  constructor(form) {
    this.form = form;
    this.asked = new Map(); // by field: what the server said of it, until the document is another
    this.options = [];
    this.at = 0;
    this.timer = 0;
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: "expression-options", className: "completions", popover: "manual" });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "What may stand here");
    document.body.append(this.list);
    this.list.addEventListener("pointerdown", (event) => this.press(event));
  }

  get open() {
    return Boolean(this.field);
  }

  later(field) {
    clearTimeout(this.timer);
    const asked = this.writtenIn(field);
    if (!asked) return this.close();
    this.timer = setTimeout(() => this.show(field), this.asked.has(field.dataset.expression) ? 0 : WAIT_MS);
  }

  writtenIn(field) {
    return field.selectionStart === field.selectionEnd ? written(field.value.slice(0, field.selectionStart)) : null;
  }

  async show(field) {
    const known = await this.ask(field);
    const asked = document.activeElement === field && known && this.writtenIn(field);
    this.options = asked ? offered(known, asked) : [];
    if (!this.options.length) return this.close();
    this.draw(field, asked);
  }

  ask(field) {
    const key = field.dataset.expression;
    if (!this.asked.has(key)) this.asked.set(key, this.fetched(key));
    return this.asked.get(key);
  }

  async fetched(key) {
    const body = new FormData(this.form);
    body.set("field", key);
    try {
      const answer = await fetch(this.form.dataset.names, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) return await answer.json();
    } catch {
      // without an answer one types without help
    }
    this.asked.delete(key);
    return null;
  }

  forget() {
    this.asked.clear();
  }

  draw(field, asked) {
    this.field = field;
    this.list.replaceChildren(...this.options.map((option, i) => this.row(option, i, asked)));
    if (!this.list.matches(":popover-open")) this.list.showPopover();
    this.place(field);
    field.setAttribute("role", "combobox");
    for (const [name, value] of [["aria-expanded", "true"], ["aria-controls", this.list.id], ["aria-autocomplete", "list"]]) field.setAttribute(name, value);
    this.choose(0);
  }

  row(option, position, asked) {
    const row = document.createElement("li");
    row.id = `expression-${position}`;
    row.setAttribute("role", "option");
    const code = document.createElement("code");
    code.textContent = asked.name || option.form.startsWith("$") ? option.form : `$${option.form}`;
    const hint = document.createElement("span");
    hint.textContent = option.hint;
    row.classList.toggle("completion-key", Boolean(asked.name));
    row.append(code, hint);
    return row;
  }

  place(field) {
    const box = field.getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 320), window.innerWidth - 16);
    const under = window.innerHeight - box.bottom - 12;
    const above = box.top - 12;
    const height = Math.min(this.list.scrollHeight + 2, 288, Math.max(under, above));
    const top = under >= height || under >= above ? box.bottom + 4 : box.top - height - 4;
    Object.assign(this.list.style, { width: `${width}px`, maxHeight: `${height}px`, top: `${top}px`, left: `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px` });
  }

  choose(position) {
    const count = this.options.length;
    this.at = (position + count) % count;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === this.at)));
    const row = this.list.children[this.at];
    row.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", row.id);
  }

  close() {
    clearTimeout(this.timer);
    if (!this.field) return;
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-activedescendant"]) this.field.removeAttribute(name);
    this.field = null;
    this.list.hidePopover();
  }

  take() {
    const { field } = this;
    const option = this.options[this.at];
    const asked = this.writtenIn(field);
    this.close();
    if (!asked) return;
    const caret = field.selectionStart;
    const rest = field.value.slice(caret);
    const replaced = asked.name ? (/^[^{}$\s"',()]*\}?/.exec(rest)?.[0] ?? "") : (/^[A-Za-z]*/.exec(rest)?.[0] ?? "");
    const put = !asked.name && rest[replaced.length] === "(" ? option.put.replace("()", "") : option.put;
    field.setSelectionRange(caret - asked.part.length, caret + replaced.length);
    if (!document.execCommand("insertText", false, put)) field.setRangeText(put, caret - asked.part.length, caret + replaced.length, "end");
    if (option.back && put === option.put) field.setSelectionRange(field.selectionStart - 1, field.selectionStart - 1);
    if (option.again) this.later(field);
    else this.close();
  }

  press(event) {
    event.preventDefault(); // the field keeps the focus
    const row = event.target.closest("[role=option]");
    if (!row || !this.open) return;
    this.at = [...this.list.children].indexOf(row);
    this.take();
  }

  key(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      return this.show(event.target);
    }
    if (!this.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowDown: () => this.choose(this.at + 1),
      ArrowUp: () => this.choose(this.at - 1),
      Enter: () => this.take(),
      Tab: () => this.take(),
      Escape: () => this.close(),
    };
    if (!acts[event.key] || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }
}

/* What the fields would have given in the chosen run: asked for when typing rests, and when the panel is another. */
class Values {
  constructor() {
    this.timer = 0;
    this.had = false;
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait);
  }

  ask() {
    const chosen = Boolean(document.querySelector("#bench-past select")?.value);
    if (chosen || this.had) document.getElementById("bench-values")?.dispatchEvent(new CustomEvent("ask"));
    this.had = chosen;
  }
}

export function startExpressions() {
  const form = document.querySelector("form[data-names]");
  if (!form) return;
  const completion = new Completion(form);
  const values = new Values();
  const inField = (act) => (event) => event.target.matches?.("textarea[data-expression]") && act(event);
  document.addEventListener("input", inField((event) => {
    completion.later(event.target);
    values.later(REST_MS);
  }));
  document.addEventListener("keydown", inField((event) => completion.key(event)), true);
  document.addEventListener("focusout", inField(() => completion.close()));
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target?.id !== "bench-state") return;
    completion.forget();
    values.later(0);
  });
  document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "bench-past" && values.later(0));
  document.getElementById("bench-past")?.addEventListener("change", () => {
    completion.forget();
    values.later(0);
  });
  window.addEventListener("scroll", (event) => completion.open && event.target !== completion.list && completion.place(completion.field), true);
}
