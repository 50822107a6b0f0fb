// Builds static/dist from the npm packages: scripts, stylesheet with its fonts, icon sprite, licence texts.
// File names do not depend on the content: Django's manifest storage adds hashes when it collects them.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { blocks, trimmed } from "./trim.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "..", "node_modules");
const draft = join(here, ".dist-new");
const dist = join(here, "dist");
const modules = ["js/main.js", "js/editor.js", "css/main.css"];
const blocking = ["js/theme.js"]; // runs before the first paint, so it cannot be a module
const copied = ["favicon.svg"];

async function bundle(entries, format) {
  const result = await build({
    entryPoints: entries.map((entry) => ({ in: join(here, entry), out: entry.split("/")[1].replace(/\.(js|css)$/, "") })),
    outdir: draft,
    bundle: true,
    minify: true,
    format,
    target: ["es2022", "chrome111", "firefox114", "safari16.4"],
    loader: { ".woff2": "file", ".woff": "file", ".svg": "file", ".png": "file" },
    assetNames: "files/[name]",
    legalComments: "none", // the whole licence texts are in LICENSES.txt
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(result.metafile.inputs);
}

async function names(file) {
  const lines = (await readFile(join(here, file), "utf8")).split("\n").map((line) => line.trim());
  return [...new Set(lines.filter((line) => line && !line.startsWith("#")))].sort();
}

/* Only Tabler's own layer is trimmed; ours is what pages are drawn with. */
async function trimTabler() {
  const path = join(draft, "main.css");
  const sheet = [...blocks(await readFile(path, "utf8"))].map(([head, body]) => [head, body, head === "@layer tabler"]);
  const drawn = ([head, body]) => (body === undefined ? head : `${head}{${body}}`);
  const ours = sheet.filter(([, , tabler]) => !tabler).map(drawn).join("");
  const wanted = new Set(await names("css/tabler.txt"));
  const kept = sheet.map(([head, body, tabler]) => drawn([head, tabler ? trimmed(body, wanted, ours) : body]));
  await writeFile(path, kept.join(""));
}

async function symbol(name) {
  const [style, file] = name.includes("/") ? name.split("/") : ["outline", name];
  const path = join(packages, "@tabler", "icons", "icons", style, `${file}.svg`);
  if (!existsSync(path)) throw new Error(`icons.txt: Tabler has no icon named ${name}`);
  const drawing = (await readFile(path, "utf8")).replace(/<!--[\s\S]*?-->/g, "");
  const inside = drawing.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
  const paint =
    style === "filled"
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${file}${style === "filled" ? "-filled" : ""}" viewBox="0 0 24 24" ${paint}>${inside}</symbol>`;
}

async function sprite() {
  const symbols = await Promise.all((await names("icons.txt")).map(symbol));
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  await writeFile(join(draft, "icons.svg"), drawing);
}

function packageOf(input) {
  const path = input.split("node_modules/").at(-1).split("/");
  return path[0].startsWith("@") ? `${path[0]}/${path[1]}` : path[0];
}

async function licences(inputs) {
  const names = new Set(inputs.filter((input) => input.includes("node_modules/")).map(packageOf));
  names.add("@tabler/icons");
  const texts = [];
  for (const name of [...names].sort()) {
    const about = JSON.parse(await readFile(join(packages, name, "package.json"), "utf8"));
    const file = (await readdir(join(packages, name))).find((found) => /^licen[cs]e/i.test(found));
    const text = file ? (await readFile(join(packages, name, file), "utf8")).trim() : `Licence: ${about.license}`;
    texts.push(`${name} ${about.version}\n${"=".repeat(72)}\n${text}\n`);
  }
  await writeFile(join(draft, "LICENSES.txt"), texts.join("\n"));
}

await rm(draft, { recursive: true, force: true });
await mkdir(draft, { recursive: true });
const inputs = [...(await bundle(modules, "esm")), ...(await bundle(blocking, "iife"))];
for (const file of copied) await copyFile(join(here, file), join(draft, file));
await trimTabler();
await sprite();
await licences(inputs);
await rm(dist, { recursive: true, force: true });
await rename(draft, dist);
