/* Colours for SQL of any dialect, and for the placeholders of database actions; it judges nothing. */
import { StreamLanguage } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const words = `add all alter analyze and any as asc auto_increment begin between bigint boolean by cascade case check column
  commit constraint create cross cursor database date default delete desc distinct do drop else end escape except exists
  explain false fetch first for foreign from full function grant group having if ilike in index inner insert int integer
  intersect interval into is join key last lateral left like limit not null nulls numeric offset on only or order outer
  over partition primary real recursive references replace returning revoke right rollback row rows select sequence set
  table text then timestamp to trigger true truncate union unique update using uuid values varchar view when where window
  with`;
const known = new Set(words.split(/\s+/));

function token(stream, state) {
  if (state.comment) {
    state.comment = !stream.match(/^.*?\*\//);
    if (state.comment) stream.skipToEnd();
    return "comment";
  }
  if (stream.eatSpace()) return null;
  if (stream.match(/^\{\{[^{}]*\}\}/)) return "placeholder";
  if (stream.match(/^--.*/)) return "comment";
  if (stream.match("/*")) {
    state.comment = true;
    return "comment";
  }
  if (stream.match(/^'(?:[^']|'')*'?/)) return "string";
  if (stream.match(/^(?:"(?:[^"]|"")*"?|`[^`]*`?)/)) return "name";
  if (stream.match(/^\d+(?:\.\d+)?/)) return "number";
  const word = stream.match(/^[A-Za-z_][\w$]*/);
  if (word) return known.has(word[0].toLowerCase()) ? "keyword" : null;
  stream.next();
  return null;
}

export const sql = StreamLanguage.define({
  name: "sql",
  startState: () => ({ comment: false }),
  token,
  tokenTable: { placeholder: tags.special(tags.variableName), name: tags.propertyName },
  languageData: { commentTokens: { line: "--" } },
});
