/** The page's sealed format against tests/vectors/sealed.json, which another program made: the same bytes, the same refusals for the same reasons. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { sealed } from "./sealed_room.mjs";

const { bytes, bundle, file, layout, keys, messages, log } = sealed;
const vectors = JSON.parse(readFileSync(new URL("../vectors/sealed.json", import.meta.url), "utf8"));
const raw = (text) => bytes.fromHex(text);
const devices = new Map(vectors.devices.map((row) => [row.name, row]));
const named = async (row) => ({ name: raw(row.hash), statement: await keys.checkedStatement(raw(row.bytes)), secret: raw(row.secret) });
const ROOM = "trade-7F3K-22";
const rooms = new Map(await Promise.all([ROOM, "trade-AAAA-11"].map(async (name) => [name, bytes.hex(await layout.roomId(72731, `0x${"5f".repeat(20)}`, name))])));
const statements = await Promise.all(vectors.statements.map(async (row) => ({ ...row, named: await named(row) })));
const statementOf = (device, room) => statements.find((row) => row.device === device && row.room === rooms.get(room)).named;
const signerOf = (name) => ({ signing: raw(devices.get(name).signing), agreement: raw(devices.get(name).agreement), secret: raw(devices.get(name).signingSecret) });
const joined = (runs) => bytes.concat(...runs.map(([data, count]) => Buffer.concat(Array(count).fill(raw(data)))));

/** The vectors' codes as the page says them. */
const SAID = {
  magic: /is no (key statement|sealed message)/, version: /version of a/, kind: /kind of key statement is unknown/, room: /room does not fit/,
  device: /does not spell its device/, range: /out of its range/, cut: /Bytes are missing/, surplus: /surplus/, weak_key: /belongs to everybody/,
  signature: /is not signed/, statement: /names another key/, chain: /index and predecessor/, readers: /number of readers|named twice/,
  size: /size is none of those/, key: /does not open this/, no_wrap: /not sealed for this device/, padding: /padding/i, commitment: /commitment/,
  content: /type of content|empty or too long|UTF-8|list of keys|half a character/, json: /no JSON/, spelling: /spelling|not whole/,
  file_hash: /not the one that the message names/, file_size: /another size/, file_type: /not of the type/, file: /names no file|file's|no name at the hub/,
};
const saying = (code) => ({ message: SAID[code] ?? assert.fail(code) });
const refused = (row, run) => assert.rejects(run, saying(row.code), `${row.code}: ${row.why ?? row.manifest ?? row.key}`);

test("there are five hundred and more", () => {
  assert.ok(Object.values(vectors).reduce((sum, rows) => sum + rows.length, 0) >= 500);
});

test("rooms and devices have the same names (E03, E08)", async () => {
  for (const row of vectors.rooms) assert.equal(bytes.hex(await layout.roomId(row.chain, row.contract, row.name)), row.room);
  for (const row of vectors.devices) assert.equal(bytes.hex(layout.deviceOf(raw(row.signing), raw(row.agreement))), row.device);
});

test("statements are made anew byte for byte", async () => {
  for (const row of vectors.statements) {
    const made = await keys.makeStatement(signerOf(row.device), { kind: row.kind, room: raw(row.room), address: raw(devices.get(row.device).address), key: raw(row.key), made: row.made });
    assert.equal(bytes.hex(made.bytes), row.bytes);
    assert.equal(bytes.hex(await keys.nameOf(made)), row.hash);
  }
});

test("every message is made anew byte for byte, and opens for each of its readers", async () => {
  for (const row of vectors.messages) {
    const sender = statementOf(row.sender, row.room);
    const readers = row.readers.map((name) => statementOf(name, row.room));
    const front = {
      room: raw(rooms.get(row.room)), address: raw(devices.get(row.sender).address), device: raw(devices.get(row.sender).device), statement: sender.name,
      clientId: raw(row.clientId), index: row.index, previous: raw(row.previous), seen: row.seen, seenHead: raw(row.seenHead), at: row.at,
    };
    const content = { type: row.type, content: raw(row.content) };
    const { envelope } = await messages.seal({ front, content, sender, readers, signer: signerOf(row.sender), chance: { f: raw(row.f), key: raw(row.key) } });
    assert.equal(bytes.hex(await bytes.sha256(envelope.bytes)), row.sha256);
    if (row.bytes) assert.equal(bytes.hex(envelope.bytes), row.bytes);
    assert.equal(await messages.isSigned(envelope, sender.statement), true);
    for (const reader of readers) {
      const key = await messages.unwrap(envelope, sender, reader);
      assert.equal(bytes.hex(key), row.key);
      assert.deepEqual(await messages.open(envelope, key), content);
    }
  }
});

test("logs have the same hashes, heads and receipts", async () => {
  for (const row of vectors.logs) {
    let head = await log.emptyHead(raw(row.room));
    assert.equal(bytes.hex(head), row.empty);
    for (const entry of row.entries) {
      const hash = await log.entryHash(entry.seq, entry.at, entry.kind, raw(entry.content));
      head = await log.nextHead(head, hash);
      assert.deepEqual([bytes.hex(hash), bytes.hex(head)], [entry.hash, entry.head]);
      assert.equal(await log.isReceipt(raw(row.hub), raw(entry.receipt), raw(row.room), entry.seq, entry.at, head), true);
      assert.equal(await log.isReceipt(raw(row.hub), raw(entry.receipt), raw(row.room), entry.seq, entry.at + 1, head), false);
      if (entry.kind === "system" || entry.kind === "staff") layout.parseCanonical(bytes.textOf(raw(entry.content)));
    }
  }
});

test("signatures hold by one equation, in the browser and in the page (E03, E12, E15)", async () => {
  for (const row of vectors.signatures) {
    const given = [raw(row.signing), raw(row.signature), raw(row.data)];
    assert.equal(await keys.verifies(...given), row.holds, row.why);
    assert.equal(await keys.verifiesInPage(...given).catch(() => false), row.holds, `${row.why}, in the page`);
  }
});

test("wrong statements are refused, each for its reason (E15)", async () => {
  for (const row of vectors.refusedStatements) await refused(row, async () => keys.checkedStatement(raw(row.bytes)));
});

test("an agreement that everybody knows is refused, by the browser's curves and by the page's (E15)", async () => {
  const native = (await keys.makeRoomKey()).secret;
  for (const row of vectors.refusedAgreements) for (const secret of [raw(row.secret), native]) await refused(row, () => keys.agree(secret, raw(row.key)));
});

/** What bob reads: from his own wrap, or with a key that he was given. */
async function read(data, key, from = "alice") {
  const sender = statementOf(from, ROOM);
  const envelope = layout.parseEnvelope(data);
  bytes.must(bytes.same(envelope.statement, sender.name) && bytes.same(envelope.device, sender.statement.device) && bytes.same(envelope.address, sender.statement.address), "It names another key.");
  bytes.must(await messages.isSigned(envelope, sender.statement), "It is not signed.");
  return messages.open(envelope, key ? raw(key) : await messages.unwrap(envelope, sender, statementOf("bob", ROOM)));
}

test("wrong messages are refused, each for its reason, also one ciphertext that two keys open (E03, E05, E06)", async () => {
  for (const row of vectors.refusedMessages) await refused(row, () => read(raw(row.bytes), row.key, row.sender));
  assert.deepEqual(vectors.refusedMessages.filter(({ opensUnderBoth }) => opensUnderBoth).map(({ code }) => code), ["commitment", "content"]);
});

test("every single byte of a message counts (E03)", async () => {
  const { bytes: text, key, content } = vectors.messages[0];
  const whole = raw(text);
  for (const given of [key, undefined]) assert.equal(bytes.hex((await read(whole, given)).content), content);
  for (let at = 0; at < whole.length; at += 1) {
    for (const flip of [1, 0x80]) {
      const changed = whole.slice();
      changed[at] ^= flip;
      await assert.rejects(read(changed, key), bytes.BadSeal, `byte ${at}`);
    }
  }
});

test("files are sealed to the same bytes and open again (E17)", async () => {
  for (const row of vectors.files) {
    const content = joined(row.file);
    const manifest = file.manifestOf(bytes.utf8(row.manifest));
    const made = await file.sealFile(content, raw(manifest.key));
    assert.deepEqual([made.sealed.length, bytes.hex(made.sealed.slice(0, 48)), made.sha256, made.size], [row.sealedSize, row.sealedStart, manifest.sha256, manifest.size]);
    assert.ok(bytes.same(await file.openFile(made.sealed, manifest), content));
  }
});

test("wrong files, and wrong words about them, are refused, each for its reason (E03)", async () => {
  for (const row of vectors.refusedFiles) {
    const made = await bytes.encrypt(raw(row.sealKey), joined(row.plain), raw(row.label));
    await refused(row, () => file.openFile(made, file.manifestOf(bytes.utf8(row.manifest))));
  }
  for (const row of vectors.refusedManifests) await refused(row, async () => file.manifestOf(bytes.utf8(row.manifest)));
});

test("JSON has one spelling", () => {
  for (const text of vectors.acceptedJson) assert.equal(layout.canonicalJson(layout.parseCanonical(text)), text);
  for (const text of vectors.refusedJson) assert.throws(() => layout.parseCanonical(text), bytes.BadSeal, text);
});

const whole = vectors.bundles[0].with;

/** The text of a vector's evidence file: the first one's fields, and its entries by their place. */
function assembled({ base, lines, with: fields }) {
  const made = { ...(base ? whole : {}), ...fields };
  if (base && lines && fields.entries) made.entries = fields.entries.map((entry) => (typeof entry === "number" ? whole.entries[entry] : entry));
  return bytes.utf8(layout.canonicalJson(made));
}

test("evidence files prove the same, line by line (E01, E04, E06, E07, E08)", async () => {
  for (const row of vectors.bundles) {
    const text = assembled(row);
    if (!row.lines) {
      await assert.rejects(bundle.verifyBundle(text), bytes.BadSeal, row.why);
      continue;
    }
    const verdict = await bundle.verifyBundle(text);
    assert.deepEqual([verdict.hash, verdict.entries.map(({ seq, is }) => [seq, is]), verdict.isWhole], [row.hash, row.lines, row.holds], row.why);
  }
});
