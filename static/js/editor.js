/*
 * The editor: enhances <textarea data-editor="json"> and "sql"; without it the textarea works as it is. The textarea hears
 * editor:set (its value was set), editor:troubles (what is wrong, by JSON pointer) and editor:jump (show a pointer).
 */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { HighlightStyle, bracketMatching, ensureSyntaxTree, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter } from "@codemirror/lint";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sql } from "./sql.js";

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: [tags.bool, tags.null], color: "var(--code-word)" },
  { tag: tags.keyword, color: "var(--code-word)" },
  { tag: tags.special(tags.variableName), color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.punctuation, tags.separator, tags.comment], color: "var(--muted)" },
]);

const look = EditorView.theme({
  ".cm-gutters": { background: "var(--sunken)", color: "var(--muted)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  ".cm-content": { caretColor: "var(--ink)", color: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in srgb, var(--accent) 24%, transparent) !important" },
  ".cm-tooltip": { background: "var(--paper)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-panels": { background: "var(--sunken)", color: "var(--ink)" },
});

const comforts = [
  lineNumbers(),
  foldGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  keymap.of([
    { key: "Mod-Enter", run: () => true }, // it saves the form: forms.js
    { key: "Escape", run: leaveByTab },
    indentWithTab,
    ...closeBracketsKeymap,
    ...foldKeymap,
    ...historyKeymap,
    ...defaultKeymap,
  ]),
];

/* Tab indents, so the keyboard needs a way out: Escape, then Tab moves on. */
function leaveByTab(view) {
  view.setTabFocusMode(2000);
  return true;
}

function quiet(view) {
  return view.state.doc.toString().trim() ? jsonParseLinter()(view) : [];
}

/* Where the value at a JSON pointer stands; of a place that is not there, the nearest one around it. */
function placeOf(state, pointer) {
  let node = ensureSyntaxTree(state, state.doc.length, 500)?.topNode.firstChild;
  for (const part of pointer.split("/").slice(1)) {
    const inner = node && childAt(state, node, part.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (!inner) break;
    node = inner;
  }
  return node ? { from: node.from, to: Math.min(node.to, state.doc.lineAt(node.from).to) } : { from: 0, to: 0 };
}

function childAt(state, node, key) {
  if (node.name === "Array") {
    const items = [];
    for (let one = node.firstChild; one; one = one.nextSibling) if (!"[],".includes(one.name) && !one.type.isError) items.push(one);
    return items[Number(key)];
  }
  for (const property of node.getChildren("Property")) {
    const name = property.getChild("PropertyName");
    if (name && state.sliceDoc(name.from, name.to) === JSON.stringify(key)) return property.lastChild;
  }
  return undefined;
}

/* What the server found wrong, beside what the parser finds by itself. */
function troubles(found) {
  return (view) => [
    ...quiet(view),
    ...found.map(({ pointer, message, severity }) => ({ ...placeOf(view.state, pointer), message, severity })),
  ];
}

function enhance(area) {
  area.dataset.editorReady = "yes";
  const nonce = document.querySelector('meta[name="csp-nonce"]')?.content ?? "";
  const place = document.createElement("div");
  place.dataset.editorOf = area.name;
  if (area.getAttribute("aria-invalid") === "true") place.setAttribute("aria-invalid", "true");
  area.before(place);
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
  const found = [];
  let quietly = false;
  const view = new EditorView({
    doc: area.value,
    parent: place,
    extensions: [
      EditorView.cspNonce.of(nonce),
      ...comforts,
      area.dataset.editor === "sql" ? sql : [json(), linter(troubles(found))],
      syntaxHighlighting(colours),
      look,
      EditorView.lineWrapping,
      EditorView.editable.of(!area.readOnly && !area.disabled),
      EditorView.contentAttributes.of({ "aria-label": label?.textContent.trim() || area.ariaLabel || area.dataset.editor.toUpperCase() }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        if (!quietly) area.dispatchEvent(new Event("input", { bubbles: true }));
      }),
    ],
  });
  area.hidden = true;
  area.required = false; // a hidden field that the browser refuses to send would refuse without a word
  label?.addEventListener("click", () => view.focus());
  area.addEventListener("editor:set", (event) => {
    quietly = Boolean(event.detail?.quietly);
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } });
    quietly = false;
  });
  area.addEventListener("editor:troubles", (event) => {
    found.splice(0, found.length, ...event.detail);
    forceLinting(view);
  });
  area.addEventListener("editor:jump", (event) => {
    const { from, to } = placeOf(view.state, event.detail);
    view.focus();
    view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  });
  area.dispatchEvent(new CustomEvent("editor:ready", { bubbles: true }));
}

export function startEditors(root) {
  for (const area of root.querySelectorAll("textarea[data-editor]:not([data-editor-ready])")) enhance(area);
}
