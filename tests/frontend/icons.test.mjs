/** Every icon that a template or script asks for is in the sprite. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const known = new Set(JSON.parse(readFileSync(new URL("frontend/icons.json", ROOT))));
const files = (folder, ending) =>
  readdirSync(new URL(folder, ROOT), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => [name, readFileSync(new URL(folder + name, ROOT), "utf8")]);

test("templates", () => {
  const missing = files("templates/", ".html").flatMap(([name, text]) =>
    [...text.matchAll(/\{% icon "([^"]+)"/g)].filter(([, icon]) => !known.has(icon)).map(([, icon]) => `${name}: ${icon}`),
  );
  assert.deepEqual(missing, []);
});

test("scripts", () => {
  const missing = files("frontend/src/", ".ts").flatMap(([name, text]) =>
    [...text.matchAll(/\bicon\("([^"]+)"/g)].filter(([, icon]) => !known.has(icon)).map(([, icon]) => `${name}: ${icon}`),
  );
  assert.deepEqual(missing, []);
});
