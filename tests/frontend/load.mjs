/** Bundles a TypeScript module of the page as it is built for browsers, and imports it here. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { plugin } from "../../frontend/chain.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The exports of frontend/src/<path>. `before` runs in the module's scope first, for the few globals it reads. */
export async function load(path, before = "") {
  const made = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, "frontend/src", path)],
    bundle: true,
    format: "esm",
    target: "es2022",
    banner: { js: before },
    plugins: [await plugin(ROOT)],
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
}
