/** Sealed conversations by the page's own reading of docs/CHAT.md: what is sealed opens, what was touched is refused. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { CHAIN, CONTRACT, device, Hub, NAME, person, sealed, signIn, SITE } from "./sealed_room.mjs";

const { bytes, layout, keys, messages, log, binding, bundle, Transcript, Trust } = sealed;
const [alice, bob, carol] = [await person(1), await person(2), await person(3)];

async function room() {
  const hub = await Hub.open();
  const [a, b] = [{ ...alice }, { ...bob }];
  await hub.join(a);
  await hub.join(b);
  return { hub, a, b };
}

const textOf = ({ content }) => new TextDecoder().decode(content);
const readAs = async (who, envelope, sender) => textOf(await messages.open(envelope, await messages.unwrap(envelope, sender.own, who.own)));

test("what one seals the other reads, and a third who is no reader cannot", async () => {
  const { hub, a, b } = await room();
  const c = { ...carol };
  await hub.join(c);
  const { envelope } = await hub.say(a, "Grüße, 你好", [a, b]);
  assert.equal(await readAs(b, envelope, a), "Grüße, 你好");
  assert.equal(await readAs(a, envelope, a), "Grüße, 你好");
  await assert.rejects(messages.unwrap(envelope, a.own, c.own), /not sealed for this device/);
  const transcript = await hub.transcript();
  assert.deepEqual(transcript.contradictions, []);
  assert.equal(transcript.entries.at(-1).fault, undefined);
});

test("the curves computed in the page and those of the browser agree (E12)", async () => {
  const { x25519, ed25519 } = await import("@noble/curves/ed25519");
  const [secret, seed] = [x25519.utils.randomPrivateKey(), ed25519.utils.randomPrivateKey()];
  const native = await keys.makeRoomKey();
  assert.deepEqual(await keys.agree(secret, native.key), await keys.agree(native.secret, x25519.getPublicKey(secret)));
  const signature = await keys.sign(seed, bytes.utf8("hello"));
  assert.equal(await keys.verifies(ed25519.getPublicKey(seed), signature, bytes.utf8("hello")), true);
  assert.equal(await keys.verifies(ed25519.getPublicKey(seed), signature, bytes.utf8("hellp")), false);
});

test("each byte of an envelope is bound: any change is refused (E03)", async () => {
  const { hub, a, b } = await room();
  const { envelope } = await hub.sealed(a, "I sent 231.40 EUR.", [a, b]);
  const transcript = await hub.transcript();
  const before = hub.entries.length;
  for (let at = 0; at < envelope.bytes.length; at += 1) {
    const touched = new Uint8Array(envelope.bytes);
    touched[at] ^= 1;
    const fresh = await hub.transcript(hub.entries.slice(0, before));
    const entry = await fresh.take({ seq: before + 1, kind: "message", at: 5, body: bytes.toBase64(touched) });
    assert.ok(entry.fault, `byte ${at}`);
  }
  for (const size of [0, 1, 100, envelope.bytes.length - 1]) assert.throws(() => layout.parseEnvelope(envelope.bytes.slice(0, size)));
  assert.throws(() => layout.parseEnvelope(bytes.concat(envelope.bytes, new Uint8Array(1))), /surplus/);
  assert.equal(transcript.seq, before);
});

test("an envelope of another room, direction or chain is refused (E03)", async () => {
  const { hub, a, b } = await room();
  const other = await Hub.open("trade-other1");
  await other.join({ ...alice });
  const foreign = await hub.sealed(a, "Hello.", [a, b]);
  other.head = await log.emptyHead(other.id);
  const transcript = await Transcript.of(other.id, other.key.key);
  await transcript.take({ seq: 1, kind: "key", at: 1, body: bytes.toBase64(a.own.statement.bytes) });
  assert.match(transcript.entries[0].fault, /another room/);
  const moved = await transcript.take({ seq: 2, kind: "message", at: 2, body: bytes.toBase64(foreign.envelope.bytes) });
  assert.match(moved.fault, /another room/);
  const ids = [await layout.roomId(CHAIN, CONTRACT, NAME), await layout.roomId(CHAIN + 1, CONTRACT, NAME), await layout.roomId(CHAIN, "0x" + "11".repeat(20), NAME)];
  assert.equal(new Set(ids.map(bytes.hex)).size, 3);
  // Bob passes Alice's words off as his own.
  const stolen = await hub.sealed({ ...a, address: b.address }, "Hello.", [a, b]);
  const reader = await hub.transcript();
  const entry = await reader.take({ seq: 3, kind: "message", at: 3, body: bytes.toBase64(stolen.envelope.bytes) });
  assert.match(entry.fault, /another sender/);
});

test("a ciphertext that opens to two texts shows neither (E05)", async () => {
  const { hub, a, b } = await room();
  const { envelope, key } = await hub.sealed(a, "I never got it.", [a, b]);
  // The same front under another key: what it opens to does not fit the commitment.
  const plain = layout.packPlain(bytes.random(32), { type: layout.TEXT, content: bytes.utf8("I got it.") });
  const other = bytes.random(32);
  const ciphertext = await bytes.encrypt(other, plain, layout.headerOf(envelope));
  await assert.rejects(messages.open({ ...envelope, ciphertext }, other), /does not fit/);
  await assert.rejects(messages.open(envelope, other), /does not open/);
  assert.equal(textOf(await messages.open(envelope, key)), "I never got it.");
});

test("a dropped, repeated or swapped message is exposed by its chain and by the heads (E04)", async () => {
  const { hub, a, b } = await room();
  for (const text of ["one", "two", "three"]) await hub.say(a, text, [a, b]);
  const [k1, k2, m1, m2, m3] = hub.entries;
  const renumbered = (entries) => entries.map(({ head, ...entry }, at) => ({ ...entry, seq: at + 1 }));
  for (const entries of [[k1, k2, m1, m3], [k1, k2, m2, m1, m3], [k1, k2, m1, m1, m2], [k1, k2, m2, m3]]) {
    const transcript = await hub.transcript(renumbered(entries));
    assert.ok(transcript.contradictions.length, JSON.stringify(entries.map(({ seq }) => seq)));
  }
  assert.deepEqual((await hub.transcript([k1, k2, m1, m2, m3])).contradictions, []);
});

test("what was changed in the store is lost alone; all that follows is held against the signed head (E03)", async () => {
  const { hub, a, b } = await room();
  for (const text of ["one", "two", "three"]) await hub.say(a, text, [a, b]);
  const entries = structuredClone(hub.entries);
  const body = bytes.fromBase64(entries[3].body);
  body[body.length - 70] ^= 1;
  entries[3].body = bytes.toBase64(body);
  const transcript = await hub.transcript(entries);
  assert.deepEqual(transcript.entries.map(({ fault }) => Boolean(fault)), [false, false, false, true, false]);
  assert.equal(transcript.contradictions.length, 1);
  const unsigned = await hub.transcript(entries.map((entry) => ({ ...entry, receipt: "00".repeat(64) })));
  assert.equal(unsigned.entries[4].fault !== undefined, true);
});

test("whoever saw another log says so in what he signs (E04)", async () => {
  const { hub, a, b } = await room();
  await hub.say(a, "one", [a, b]);
  await hub.say(b, "two", [a, b], { seenHead: bytes.random(32) });
  const transcript = await hub.transcript();
  assert.match(transcript.contradictions[0], /saw another log/);
  assert.ok(transcript.entries.at(-1).fault);
});

test("a receipt holds for its head alone", async () => {
  const { hub, a, b } = await room();
  await hub.say(a, "one", [a, b]);
  const transcript = await hub.transcript();
  const last = hub.entries.at(-1);
  assert.equal(await transcript.hasReceipt(last), true);
  assert.equal(await transcript.hasReceipt({ ...last, at: last.at + 1 }), false);
  assert.equal(await transcript.hasReceipt({ ...last, receipt: hub.entries[0].receipt }), false);
});

test("after a restore the chain goes over the declared gap, and only over a declared one (Q17)", async () => {
  const { hub, a, b } = await room();
  const first = await hub.say(a, "one", [a, b]);
  const kept = { head: hub.head, chain: hub.chains.get(a) };
  await hub.say(a, "lost", [a, b]);
  const live = await hub.transcript();
  const entries = hub.entries.slice(0, 3);
  [hub.head, hub.entries] = [kept.head, entries];
  hub.chains.set(a, kept.chain);
  const declared = await hub.line("restored", { after: 3, first: 4, last: 100 }, { skip: 96 });
  await live.take(declared);
  assert.deepEqual(live.contradictions, []);
  assert.equal(live.isLost(4), true);
  const again = await hub.say(a, "said again", [a, b]);
  const entry = await live.take(hub.entries.at(-1));
  assert.equal(entry.fault, undefined);
  assert.equal(again.envelope.index, first.envelope.index + 1);
  const fresh = await hub.transcript();
  assert.deepEqual(fresh.contradictions, []);
  assert.equal(bytes.hex(fresh.head), bytes.hex(live.head));
  const silent = await hub.transcript(entries);
  await assert.rejects(silent.take({ ...declared, data: declared.data.replace("restored", "locked") }), /gap/);
});

test("a key that everybody could know is refused (E15)", async () => {
  const { hub } = await room();
  const zero = new Uint8Array(32);
  const points = [zero, Uint8Array.of(1, ...zero.slice(1)), bytes.fromHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), bytes.fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880")];
  for (const key of points) {
    const statement = await keys.makeStatement(alice.device.signer, { kind: 1, room: hub.id, address: alice.address, key, made: 1 });
    await assert.rejects(keys.checkedStatement(statement.bytes), /belongs to everybody/);
    const own = await keys.makeRoomKey();
    await assert.rejects(keys.agree(own.secret, key), /belongs to everybody/);
  }
  // A signing key of small order makes one signature fit every message.
  const weak = Uint8Array.of(1, ...zero.slice(1));
  assert.equal(await keys.verifies(weak, bytes.concat(weak, zero), bytes.utf8("anything")), false);
});

test("plaintexts are padded to buckets, and there is one spelling (E17)", () => {
  const f = bytes.random(32);
  const size = (length) => layout.packPlain(f, { type: layout.TEXT, content: new Uint8Array(length).fill(97) }).length;
  assert.deepEqual([1, 219, 220, 475, 476, 4000].map(size), [256, 256, 512, 512, 1024, 4096]);
  const plain = layout.packPlain(f, { type: layout.TEXT, content: bytes.utf8("a") });
  assert.throws(() => layout.parsePlain(bytes.concat(plain, new Uint8Array(256))), /padding/);
  const dirty = new Uint8Array(plain);
  dirty[255] = 1;
  assert.throws(() => layout.parsePlain(dirty), /padding/);
  for (const content of [new Uint8Array(), new Uint8Array(4001).fill(97), Uint8Array.of(0xff)]) assert.throws(() => layout.packPlain(f, { type: layout.TEXT, content }));
  assert.throws(() => layout.packPlain(f, { type: 9, content: bytes.utf8("a") }), /type/);
  assert.throws(() => layout.packPlain(f, { type: layout.OPENING, content: new Uint8Array(63) }), /list of keys/);
  assert.throws(() => layout.packPlain(f, { type: layout.FILE, content: bytes.utf8('{"b":1, "a":2}') }), /one spelling/);
});

test("no random part is used twice (E10)", async () => {
  const { hub, a, b } = await room();
  const made = await Promise.all(Array.from({ length: 20 }, () => hub.sealed(a, "same", [a, b])));
  for (const pick of [({ key }) => key, ({ envelope }) => envelope.commitment, ({ envelope }) => envelope.ciphertext, ({ envelope }) => envelope.wraps[0].key]) {
    assert.equal(new Set(made.map((one) => bytes.hex(pick(one)))).size, 20);
  }
});

test("no key of the chat comes from a wallet or its signature (E13)", () => {
  const folders = ["device", "sealed"].map((name) => new URL(`../../frontend/src/${name}/`, import.meta.url));
  const sources = folders.flatMap((folder) => readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8")));
  assert.ok(sources.length > 15);
  for (const source of sources) assert.doesNotMatch(source, /personal_sign|eth_sign|wallet\/|\.request\(\{ ?method/);
});

test("a binding holds for its site, chain, account and keys alone (E01, E09)", async () => {
  const place = { origin: SITE, chainId: CHAIN };
  const { binding: true_ } = alice.device;
  assert.equal(await binding.voucherOf(true_, place), "wallet");
  assert.deepEqual(binding.spelt(true_.message, place).device, alice.device.hash);
  await assert.rejects(binding.voucherOf(true_, { ...place, origin: "https://evil.example" }), /another site/);
  await assert.rejects(binding.voucherOf(true_, { ...place, chainId: 1 }), /another network/);
  await assert.rejects(binding.voucherOf({ ...true_, address: bob.wallet.address }, place), /another account/);
  for (const spoilt of [`${true_.message}\n- urn:x`, true_.message.replace("Version: 1", "Version: 2"), ` ${true_.message}`, true_.message.replace("\n\nURI", "\nURI")]) {
    await assert.rejects(binding.voucherOf({ ...true_, message: spoilt }, place), /exact form/);
  }
  // Another wallet's signature over the same words: only the hub vouches, unless the trade's terms name the device.
  const signature = await bob.wallet.signMessage({ message: true_.message });
  assert.equal(await binding.voucherOf({ ...true_, signature }, place), "hub");
  assert.equal(await binding.voucherOf({ ...true_, signature: "0x1234" }, place, [`0x${bytes.hex(alice.device.hash)}`]), "terms");
});

test("first keys are believed if the wallet signed them, later ones are asked for, unsigned ones never (E01, E02)", async () => {
  const { hub, a } = await room();
  const sent = ({ address, message, signature }, { signer, hash }) => ({ address, bindings: [{ device: `0x${bytes.hex(hash)}`, signing: bytes.hex(signer.signing), agreement: bytes.hex(signer.agreement), message, signature }] });
  const place = { origin: SITE, chainId: CHAIN };
  const trust = new Trust(place, [], []);
  assert.equal(trust.standing(a.own, true), "refused", "without a binding");
  await trust.learn([sent(alice.device.binding, alice.device)]);
  assert.equal(trust.standing(a.own, false), "asks", "after messages");
  assert.equal(trust.standing(a.own, true), "accepted", "before messages");
  assert.equal(trust.standing(a.own, false), "accepted", "and then for good");
  const kept = new Trust(place, [], trust.accepted);
  await kept.learn([sent(alice.device.binding, alice.device)]);
  assert.equal(kept.standing(a.own, false), "accepted", "also after a reload");
  // The hub makes a device of its own and says it is Alice's.
  const false_ = await device(alice.wallet);
  const forged = { ...alice, device: { ...false_, binding: { ...false_.binding, signature: await bob.wallet.signMessage({ message: false_.binding.message }) } } };
  await hub.join(forged);
  const fresh = new Trust(place, [], []);
  await fresh.learn([sent(forged.device.binding, forged.device)]);
  assert.equal(fresh.standing(forged.own, true), "asks", "never silently");
  const swapped = new Trust(place, [], []);
  await swapped.learn([sent(alice.device.binding, forged.device)]);
  assert.equal(swapped.standing(forged.own, true), "refused", "a binding that spells other keys");
});

// --- evidence ------------------------------------------------------------------------------------

async function evidence(shown = () => true) {
  const { hub, a, b } = await room();
  const said = [await hub.say(a, "I sent 231.40 EUR.", [a, b])];
  await hub.line("locked", { amount: "250.00 USDC" });
  said.push(await hub.say(b, "Nothing came.", [a, b]));
  const transcript = await hub.transcript();
  const last = hub.entries.at(-1);
  const open = new Map(said.filter(shown).map(({ envelope, key, seq }) => [transcript.entries[seq - 1].name, key, envelope]));
  const source = {
    transcript, keys: open, chainId: CHAIN, contract: CONTRACT, name: hub.name, trade: "", hub: bytes.hex(hub.key.key), made: 1_700_001_000,
    receipt: { at: last.at, head: last.head, seq: last.seq, signature: last.receipt }, bindings: [a.device.binding, b.device.binding],
  };
  return { hub, a, b, source, text: await bundle.makeBundle(source, a.device.signer) };
}
const verify = (text) => bundle.verifyBundle(bytes.utf8(text));

test("a bundle is checked without the hub, gaps are gaps (E06, E07)", async () => {
  const whole = await verify((await evidence()).text);
  assert.equal(whole.isWhole, true, JSON.stringify(whole.faults));
  assert.deepEqual(whole.entries.map(({ is }) => is), ["key", "key", "message", "line", "message"]);
  assert.deepEqual(whole.entries.filter(({ is }) => is === "message").map(({ text }) => text), ["I sent 231.40 EUR.", "Nothing came."]);
  assert.equal(whole.entries[2].address, alice.wallet.address.toLowerCase());
  const partial = await verify((await evidence((_, at) => at === 0)).text);
  assert.equal(partial.isWhole, true);
  assert.deepEqual(partial.entries.map(({ is }) => is), ["key", "key", "message", "line", "closed"]);
});

test("what is closed explains no more than it can hide (E07)", async () => {
  const { hub, a, b } = await room();
  for (const text of ["one", "two", "three"]) await hub.say(a, text, [a, b]);
  const closed = async ({ seq, at, kind, body, head }) => ({ seq, kind: "", head, hash: bytes.hex(await log.entryHash(seq, at, kind, bytes.fromBase64(body))) });
  const [k1, k2, m1, m2, m3] = hub.entries;
  const partial = await hub.transcript([k1, k2, m1, await closed(m2), m3]);
  assert.deepEqual(partial.contradictions, []);
  assert.equal(partial.entries[4].fault, undefined);
  assert.equal(bytes.hex(partial.head), m3.head);
  const { head: _, ...late } = { ...m3, seq: 4 };
  const short = await hub.transcript([k1, k2, m1, late]);
  assert.match(short.contradictions[0], /does not follow/);
});

test("an altered bundle is refused, whoever signs it again (E06, E08)", async () => {
  const { text, a, source } = await evidence();
  const file = JSON.parse(text);
  const spoilt = layout.canonicalJson({ ...file, made: 5 });
  assert.equal((await verify(spoilt)).by.isSigned, false);
  assert.equal((await verify(spoilt)).isWhole, false);
  await assert.rejects(verify(` ${text}`), /one spelling/);
  const again = async (change) => {
    const changed = JSON.parse(text);
    change(changed);
    delete changed.signature;
    const signed = bytes.concat(bytes.label("parley bundle 1"), await bytes.sha256(bytes.utf8(layout.canonicalJson(changed))));
    return verify(layout.canonicalJson({ ...changed, signature: bytes.hex(await keys.sign(a.device.signer.secret, signed)) }));
  };
  assert.equal((await again(() => undefined)).isWhole, true);
  const changes = {
    "another key": (f) => (f.entries[2].key = "11".repeat(32)),
    "another text": (f) => (f.entries[2].body = f.entries[2].body.replace(/..(?=.{200}$)/, "00")),
    "a number left out": (f) => f.entries.splice(3, 1),
    "a wrong hash": (f) => (f.entries[3] = { hash: "22".repeat(32), seq: 4 }),
    "another order": (f) => f.entries.reverse(),
    "another trade's room (E08)": (f) => (f.name = "trade-other1"),
    "another chain": (f) => (f.chainId = 1),
    "another time": (f) => (f.entries[2].at += 1),
    "no binding": (f) => f.bindings.splice(1, 1),
    "another hub": (f) => (f.hub = file.by),
  };
  for (const [name, change] of Object.entries(changes)) assert.equal((await again(change)).isWhole, false, name);
  assert.equal(source.keys.size, 2);
});

test("text bytes survive the way there and back; bytes that are no text are refused", () => {
  for (const given of ["", "Grüße, 你好 \u{1f600}", "\ufeffx", "x".repeat(4000)]) assert.equal(bytes.textOf(bytes.fromBase64(bytes.toBase64(bytes.utf8(given)))), given);
  assert.throws(() => bytes.textOf(Uint8Array.of(0xff, 0xfe)), /UTF-8/);
});

test("the sign-in of a test person is the one the site writes", () => {
  assert.match(signIn(alice.wallet.address, alice.device.signer), /^127\.0\.0\.1:8000 wants you/);
});
