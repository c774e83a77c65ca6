/** Sealed files: what may be sent, under which name, and that only exactly its bytes open again. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { dangerIn, manifestOf, nameOf, openFile, prepare, sealFile, typeOf } = await load("sealed/file.ts", "const document = { querySelector: () => null };");

const bytes = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
const JPEG = bytes([0xff, 0xd8, 0xff, 0xe1], "Exif GPS 48.2082 16.3738", [0xff, 0xd9]);
const PNG = bytes([0x89], "PNG\r\n", [0x1a, 0x0a], "pixels");
const WEBP = bytes("RIFF", [1, 0, 0, 0], "WEBPVP8 ");
const PDF = bytes("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj");

const blob = "0b8a7c2e-1111-4222-8333-944455556666";
const manifest = (sealed, more = {}) => ({ blob, key: sealed.key, name: "slip.pdf", sha256: sealed.sha256, size: sealed.size, type: "application/pdf", ...more });
const canonical = (value) => bytes(JSON.stringify(Object.fromEntries(Object.keys(value).sort().map((key) => [key, value[key]]))));

test("the bytes say what a file is, not its name", () => {
  assert.deepEqual([JPEG, PNG, WEBP, PDF].map(typeOf), ["image/jpeg", "image/png", "image/webp", "application/pdf"]);
  for (const other of [bytes("<html>"), bytes("<svg xmlns=…>"), bytes("MZ"), bytes("PK\u0003\u0004"), bytes("GIF89a"), bytes(" %PDF-1.7"), bytes(), bytes([0xff, 0xd8])]) assert.equal(typeOf(other), null);
});

test("a renamed or foreign file is refused in words and nothing is sealed", async () => {
  for (const [content, name] of [["<script>alert(1)</script>", "slip.png"], ["MZ\u0090", "invoice.pdf"], ["", "empty.jpg"]]) {
    await assert.rejects(prepare(new File([content], name)), (problem) => problem.code === "file_type" && /Nothing was sent/.test(problem.message));
  }
});

test("a picture is drawn anew and carries nothing of what stood around it", async () => {
  const drawn = bytes([0xff, 0xd8, 0xff, 0xdb], "pixels only");
  const seen = [];
  const ready = await prepare(new File([JPEG, "<?php trailing"], "IMG_2041.HEIC.jpeg"), async (file, type) => {
    seen.push(type, file.type);
    return drawn;
  });
  assert.deepEqual(seen, ["image/jpeg", "image/jpeg"]);
  assert.deepEqual(ready, { bytes: drawn, name: "IMG_2041.HEIC.jpg", type: "image/jpeg" });
  assert.ok(!Buffer.from(ready.bytes).includes("GPS"));
});

test("what is too large is refused before it is read and after it is drawn", async () => {
  const large = new File([PDF, new Uint8Array(5 * 2 ** 20)], "long.pdf");
  await assert.rejects(prepare(large), { code: "file_too_large" });
  await assert.rejects(prepare(new File([PNG], "a.png"), async () => bytes(PNG, new Uint8Array(5 * 2 ** 20))), { code: "file_too_large" });
  await assert.rejects(prepare({ size: 2 ** 31, name: "x", arrayBuffer: () => assert.fail("read") }), { code: "file_too_large" });
});

test("a PDF that does something is not sent, however its words are written", async () => {
  for (const [text, why] of [["/OpenAction<</S/JavaScript/JS(app.alert)>>", /script/], ["/S/J#61vaScript", /script/], ["/S /Launch", /outside/], ["/Names<</EmbeddedFiles 3 0 R>>", /other files/]]) {
    assert.match(dangerIn(bytes(PDF, text)), why);
    await assert.rejects(prepare(new File([PDF, text], "a.pdf")), { code: "file_active" });
  }
  assert.equal(dangerIn(PDF), null);
  assert.equal((await prepare(new File([PDF], "a.pdf"))).type, "application/pdf");
});

test("a name is what it looks like", () => {
  for (const [given, shown] of [
    ["slip\u202egpj.exe", "slipgpj.pdf"], ["../../etc/passwd", "file.pdf"], ["a/b.pdf", "ab.pdf"], ["C:\\boot.ini", "Cboot.pdf"], [".htaccess", "file.pdf"], ["", "file.pdf"],
    ["r\u00e9sum\u00e9.pdf", "r\u00e9sum\u00e9.pdf"], ["a\u0000b.pdf", "ab.pdf"], ["\u200b.png", "file.pdf"], ["x".repeat(500), `${"x".repeat(120)}.pdf`],
  ]) assert.equal(nameOf(given, "application/pdf"), shown);
  assert.ok(Buffer.byteLength(nameOf("\u{1f600}".repeat(99), "image/png")) <= 124);
});

test("sealing hides the size to 64 KiB and opens to the same bytes", async () => {
  for (const size of [1, 100, 65_531, 65_532, 65_533, 200_000]) {
    const plain = bytes(PDF, new Uint8Array(Math.max(0, size - PDF.length))).slice(0, Math.max(size, PDF.length));
    const sealed = await sealFile(plain);
    assert.equal((sealed.sealed.length - 16) % 65_536, 0);
    assert.deepEqual(await openFile(sealed.sealed, manifest(sealed)), plain);
  }
});

test("every change of the bytes or of what the message says of them is refused", async () => {
  const sealed = await sealFile(PDF);
  const changed = sealed.sealed.slice();
  changed[100] ^= 1;
  await assert.rejects(openFile(changed, manifest(sealed)));
  await assert.rejects(openFile(sealed.sealed.slice(0, -1), manifest(sealed)));
  const other = await sealFile(PDF);
  for (const more of [{ key: other.key }, { size: sealed.size + 1 }, { size: sealed.size - 1 }, { type: "image/png" }, { sha256: other.sha256 }]) {
    await assert.rejects(openFile(sealed.sealed, manifest(sealed, more)));
  }
  const html = await sealFile(bytes("<script>"));
  await assert.rejects(openFile(html.sealed, manifest(html)), /type/);
});

test("a manifest has one spelling", async () => {
  const good = manifest(await sealFile(PDF));
  assert.deepEqual(manifestOf(canonical(good)), good);
  for (const more of [{ blob: "../../x" }, { key: "00" }, { name: "a\u202eb.pdf" }, { name: "a.exe" }, { size: 0 }, { size: 1.5 }, { size: 2 ** 40 }, { type: "text/html" }, { sha256: "zz".repeat(32) }, { extra: 1 }]) {
    assert.throws(() => manifestOf(canonical({ ...good, ...more })));
  }
});
