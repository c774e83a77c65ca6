/**
 * Builds the page's files from frontend/ into static/build/: scripts, one style sheet, fonts, the icon sprite and
 * manifest.json (logical name -> hashed path below /static/). Chain ids, the contract's address and interface and the
 * signed types are read from escrow/chain and end up inside the hashed scripts, so that no answer of a server can
 * point a wallet elsewhere.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { plugin } from "./chain.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);
const STATIC = join(ROOT, "static");
const OUT = join(STATIC, "build");
/** What templates ask for by name; every other script is a part that these fetch. */
const NAMES = {
  "frontend/src/main.ts": "main.js",
  "frontend/src/practice/main.ts": "practice.js",
  "frontend/src/push/worker.ts": "sw.js",
  "frontend/css/main.css": "main.css",
};

/** Bundled apart, so that a real network's page pays nothing for the practice wallet. */
const BUNDLES = [["frontend/src/main.ts", "frontend/css/main.css"], ["frontend/src/practice/main.ts"], ["frontend/src/push/worker.ts"]];

const json = async (path) => JSON.parse(await readFile(path, "utf8"));

/** The sprite: one <symbol> per icon of icons.json. */
async function sprite() {
  const names = await json(join(HERE, "icons.json"));
  const symbols = await Promise.all(
    names.map(async (name) => {
      const source = await readFile(join(ROOT, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
      const drawing = source.slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24">${drawing.replace(/\s*\n\s*/g, "").trim()}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

/**
 * viem's index names its off-chain look-ups, whose dynamic import would pull the whole of its node client into every
 * page. Nothing here uses them.
 */
const withoutLookups = {
  name: "without-lookups",
  setup(building) {
    building.onResolve({ filter: /\/ccip\.js$/ }, () => ({ path: "ccip", namespace: "without-lookups", sideEffects: false }));
    building.onLoad({ filter: /.*/, namespace: "without-lookups" }, () => ({
      contents: ["ccipRequest", "ccipFetch", "offchainLookup", "offchainLookupAbiItem", "offchainLookupSignature"]
        .map((name) => `export const ${name} = undefined;`)
        .join("\n"),
    }));
  },
};

const hashed = (name, extension, content) =>
  `${name}-${createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase()}.${extension}`;

/** The written files of one bundle, each with the source it was asked for, if any. */
async function bundle(sources) {
  const made = await build({
    absWorkingDir: ROOT,
    entryPoints: sources.map((source) => ({ in: join(ROOT, source), out: NAMES[source].split(".")[0] })),
    outdir: OUT,
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    assetNames: "fonts/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    minify: true,
    legalComments: "none",
    loader: { ".woff2": "file" },
    plugins: [await plugin(ROOT), withoutLookups],
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  return made.outputFiles.map((file) => ({ file, entry: made.metafile.outputs[relative(ROOT, file.path)]?.entryPoint }));
}

async function main() {
  const bundles = await Promise.all(BUNDLES.map(bundle));
  const kept = new Set(["manifest.json", ".inputs"]);
  const manifest = {};
  for (const { file, entry } of bundles.flat()) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.contents);
    const path = relative(STATIC, file.path);
    kept.add(relative(OUT, file.path));
    if (entry && NAMES[entry]) manifest[NAMES[entry]] = path;
    const font = /fonts\/(ibm-plex-sans-latin-wght|literata-latin)/.exec(path);
    if (font) manifest[font[1].startsWith("literata") ? "serif.woff2" : "sans.woff2"] = path;
  }
  const drawings = { icons: await sprite(), mark: await readFile(join(HERE, "mark.svg"), "utf8") };
  for (const [title, content] of Object.entries(drawings)) {
    const name = hashed(title, "svg", content);
    await writeFile(join(OUT, name), content);
    kept.add(name);
    manifest[`${title}.svg`] = `build/${name}`;
  }
  // A page served meanwhile still finds its files: new names first, then the list, then the old names go.
  await writeFile(join(OUT, ".manifest"), `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(join(OUT, ".manifest"), join(OUT, "manifest.json"));
  for (const old of await readdir(OUT, { recursive: true, withFileTypes: true })) {
    const path = relative(OUT, join(old.parentPath ?? old.path, old.name));
    if (old.isFile() && !kept.has(path)) await rm(join(OUT, path));
  }
}

await main();
