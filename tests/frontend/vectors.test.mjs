/** The page's sealed format against tests/vectors/sealed.json, which another program made: the same bytes, the same refusals. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { sealed } from "./sealed_room.mjs";

const { bytes, layout, keys, messages, log } = sealed;
const vectors = JSON.parse(readFileSync(new URL("../vectors/sealed.json", import.meta.url), "utf8"));
const raw = (text) => bytes.fromHex(text);
const devices = new Map(vectors.devices.map((row) => [row.name, row]));
const named = async (row) => ({ name: raw(row.hash), statement: await keys.checkedStatement(raw(row.bytes)), secret: raw(row.secret) });
const rooms = new Map(await Promise.all(["trade-7F3K-22", "trade-AAAA-11"].map(async (name) => [name, bytes.hex(await layout.roomId(72731, `0x${"5f".repeat(20)}`, name))])));
const statements = await Promise.all(vectors.statements.map(async (row) => ({ ...row, named: await named(row) })));
const statementOf = (device, room) => statements.find((row) => row.device === device && row.room === rooms.get(room)).named;
const signerOf = (name) => ({ signing: raw(devices.get(name).signing), agreement: raw(devices.get(name).agreement), secret: raw(devices.get(name).signingSecret) });

test("there are five hundred and more", () => {
  assert.ok(Object.values(vectors).reduce((sum, rows) => sum + rows.length, 0) >= 500);
});

test("rooms and devices have the same names", async () => {
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
    if (!row.bytes) continue;
    assert.equal(bytes.hex(envelope.bytes), row.bytes);
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

test("wrong statements are refused (E15)", async () => {
  for (const row of vectors.refusedStatements) await assert.rejects(async () => keys.checkedStatement(raw(row.bytes)), row.why);
});

test("wrong messages are refused, also one ciphertext that two keys open (E03, E05, E06)", async () => {
  const sender = statementOf("alice", "trade-7F3K-22");
  for (const row of vectors.refusedMessages) {
    await assert.rejects(async () => {
      const envelope = layout.parseEnvelope(raw(row.bytes));
      assert.deepEqual(envelope.statement, sender.name);
      assert.ok(await messages.isSigned(envelope, sender.statement));
      await messages.open(envelope, raw(row.key));
    }, row.why);
  }
});

test("every single byte of a message counts (E03)", async () => {
  const row = vectors.messages[0];
  const sender = statementOf(row.sender, row.room);
  const whole = raw(row.bytes);
  for (let at = 0; at < whole.length; at += 1) {
    const changed = whole.slice();
    changed[at] ^= 1;
    await assert.rejects(async () => {
      const envelope = layout.parseEnvelope(changed);
      assert.ok(await messages.isSigned(envelope, sender.statement));
      await messages.open(envelope, raw(row.key));
    }, `byte ${at}`);
  }
});
