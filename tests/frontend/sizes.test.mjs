/** What a page may weigh, compressed as it travels. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const ROOT = new URL("../../", import.meta.url);
execFileSync(process.execPath, [fileURLToPath(new URL("frontend/build.mjs", ROOT))]);
const read = (path) => readFileSync(new URL(`static/${path}`, ROOT));
const manifest = JSON.parse(read("build/manifest.json"));
const source = (path) => read(path).toString();

/** A script and all it cannot run without. */
function withImports(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, part] of source(path).matchAll(/(?:^|[;}])import(?:\{[^}]*\}from)?"\.\/(part-[A-Z0-9]+\.js)"/g)) withImports(`build/${part}`, found);
  return found;
}

const fetched = (path) => [...source(path).matchAll(/import\("\.\/(part-[A-Z0-9]+\.js)"\)/g)].map(([, part]) => `build/${part}`);
const weight = (paths) => [...paths].reduce((sum, path) => sum + brotliCompressSync(read(path)).length, 0);

test("a market page fetches at most 35 KB of scripts", () => {
  assert.ok(weight(withImports(manifest["main.js"])) <= 35 * 1024);
});

test("a trade room fetches at most 60 KB of scripts", () => {
  const all = withImports(manifest["main.js"]);
  for (const part of fetched(manifest["main.js"])) withImports(part, all);
  assert.ok(weight(all) <= 60 * 1024, `${weight(all)}`);
});

test("the style sheet weighs at most 16 KB, the fonts of a page about 80", () => {
  assert.ok(weight([manifest["main.css"]]) <= 16 * 1024);
  const fonts = [...source(manifest["main.css"]).matchAll(/fonts\/[\w-]+\.woff2/g)].map(([name]) => name).filter((name) => !name.includes("latin-ext"));
  assert.ok(fonts.reduce((sum, name) => sum + read(`build/${name}`).length, 0) <= 84 * 1024);
});

test("a page's own script carries nothing of the practice wallet", () => {
  const all = withImports(manifest["main.js"]);
  for (const part of fetched(manifest["main.js"])) withImports(part, all);
  for (const path of all) assert.doesNotMatch(source(path), /practice\/(rpc|cast|faucet)/);
});

test("the contract's address is inside the hashed script", () => {
  const { 72731: devnet } = JSON.parse(readFileSync(new URL("escrow/chain/deployments.json", ROOT)));
  const all = fetched(manifest["main.js"]).flatMap((part) => [...withImports(part)]);
  assert.ok(all.some((path) => source(path).includes(devnet.contract)));
});
