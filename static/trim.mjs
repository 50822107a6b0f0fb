// Leaves out of a minified stylesheet what no page can match: rules of classes that are not wanted, animations and
// custom properties that nothing names any more. Tabler is 600 kB; of it the pages use its element rules and few classes.

/* Where the block that opens at `open` ends; braces in strings do not count. */
function closing(css, open) {
  let depth = 0;
  for (let i = open; i < css.length; i += 1) {
    const letter = css[i];
    if (letter === '"' || letter === "'") {
      while (css[++i] !== letter) if (css[i] === "\\") i += 1;
    } else if (letter === "{") depth += 1;
    else if (letter === "}" && --depth === 0) return i;
  }
  throw new Error("the stylesheet ends inside a block");
}

/* [head, body] of each block of a sheet; body is undefined for statements such as @import. */
export function* blocks(css) {
  let at = 0;
  while (at < css.length) {
    const open = css.indexOf("{", at);
    const statement = css.indexOf(";", at);
    if (statement >= 0 && (open < 0 || statement < open)) {
      yield [css.slice(at, statement + 1)];
      at = statement + 1;
    } else if (open < 0) {
      return;
    } else {
      const close = closing(css, open);
      yield [css.slice(at, open).trim(), css.slice(open + 1, close)];
      at = close + 1;
    }
  }
}

/* Splits at commas that stand in no bracket: `:is(a,b),c` are two selectors. */
function selectors(head) {
  const found = [""];
  let depth = 0;
  for (const letter of head) {
    if (letter === "(" || letter === "[") depth += 1;
    else if (letter === ")" || letter === "]") depth -= 1;
    if (letter === "," && depth === 0) found.push("");
    else found[found.length - 1] += letter;
  }
  return found;
}

function matches(selector, wanted) {
  const bare = selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "");
  return [...bare.matchAll(/\.((?:[\w-]|\\.)+)/g)].every(([, name]) => wanted.has(name));
}

function rules(css, wanted) {
  let kept = "";
  for (const [head, body] of blocks(css)) {
    if (body === undefined) kept += head;
    else if (/^@(media|supports|layer|container)/.test(head)) {
      const inside = rules(body, wanted);
      if (inside) kept += `${head}{${inside}}`;
    } else if (head.startsWith("@")) kept += `${head}{${body}}`;
    else {
      const left = selectors(head).filter((selector) => matches(selector, wanted));
      if (left.length) kept += `${left.join(",")}{${body}}`;
    }
  }
  return kept;
}

function declarations(body, keep) {
  const parts = body.match(/(?:[^;"'(]|"[^"]*"|'[^']*'|\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\))+;?/g) ?? [];
  return parts.filter((part) => keep(part.split(":", 1)[0].trim())).join("");
}

function without(css, keep, animations) {
  let kept = "";
  for (const [head, body] of blocks(css)) {
    if (body === undefined) kept += head;
    else if (/^@(media|supports|layer|container)/.test(head)) {
      const inside = without(body, keep, animations);
      if (inside) kept += `${head}{${inside}}`;
    } else if (/^@(-webkit-)?keyframes/.test(head)) {
      if (animations.has(head.split(/\s+/)[1])) kept += `${head}{${body}}`;
    } else if (head.startsWith("@")) kept += `${head}{${body}}`;
    else {
      const left = declarations(body, keep);
      if (left) kept += `${head}{${left}}`;
    }
  }
  return kept;
}

/* `css` with only the rules that the `wanted` classes, or elements, can match; `outside` is what else names properties. */
export function trimmed(css, wanted, outside) {
  let now = rules(css, wanted);
  for (;;) {
    const text = now + outside;
    const named = new Set([...text.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name));
    const animations = new Set([...text.matchAll(/animation(?:-name)?:([^;}]+)/g)].flatMap(([, value]) => value.split(/[\s,]+/)));
    const next = without(now, (name) => !name.startsWith("--") || named.has(name), animations);
    if (next.length === now.length) return next;
    now = next;
  }
}
