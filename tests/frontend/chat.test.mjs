/** The chat's parts without a page: order, ticks, what waits, what is harmless, what deserves a warning. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { Log } = await load("chat/log.ts");
const { Unsents } = await load("chat/unsent.ts");
const { shown, pieces, sizeOf } = await load("chat/text.ts");
const { dangerOf, isSecret } = await load("chat/warnings.ts");

const member = (id, more = {}) => ({ id, role: "buyer", label: `P${id}`, isMe: id === 1, here: true, delivered: 0, read: 0, ...more });
const text = (seq, sender) => ({ seq, kind: "message", at: 0, sender, clientId: `c${seq}`, body: "" });
const page = (entries, more = {}) => ({ last: entries.at(-1)?.seq ?? 0, entries, members: [member(1), member(2)], closed: false, ...more });

test("entries are taken once and in order, a gap waits for the next pull", () => {
  const log = new Log();
  assert.deepEqual(log.take(page([text(1, 1), text(2, 2)])).map((e) => e.seq), [1, 2]);
  assert.deepEqual(log.take(page([text(2, 2), text(3, 1)])).map((e) => e.seq), [3]);
  assert.deepEqual(log.take(page([text(5, 1)])), []);
  assert.equal(log.cursor, 3);
  assert.equal(log.isBehind, true);
});

test("a late page cannot take the log back (K20: state and events equal a fresh fetch)", () => {
  const pages = [page([text(1, 1)]), page([text(1, 1), text(2, 2)]), page([]), page([text(2, 2)]), page([text(3, 1)])];
  const pieced = new Log();
  for (const one of pages) pieced.take(one);
  const fresh = new Log();
  fresh.take(page([text(1, 1), text(2, 2), text(3, 1)]));
  assert.deepEqual(pieced.entries, fresh.entries);
});

test("a tick is the slowest of the others' marks", () => {
  const log = new Log();
  const marks = (delivered, read) => log.take(page([], { last: 1, members: [member(1), member(2, { delivered, read })] }));
  log.take(page([text(1, 1)]));
  assert.equal(log.tickOf(1), "sent");
  marks(1, 0);
  assert.equal(log.tickOf(1), "delivered");
  marks(1, 1);
  assert.equal(log.tickOf(1), "read");
  assert.equal(log.tickOf(2), "sent");
});

test("unread are the others' entries behind the own mark", () => {
  const log = new Log();
  const system = { seq: 3, kind: "system", at: 0, text: "locked" };
  log.take(page([text(1, 2), text(2, 1), system], { members: [member(1, { delivered: 3, read: 1 }), member(2)] }));
  assert.equal(log.unread, 1);
});

const shelf = () => {
  const kept = new Map();
  return { kept, getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, v), removeItem: (k) => void kept.delete(k) };
};

test("a closed tab loses neither the draft nor what waits", () => {
  const cupboard = shelf();
  const before = new Unsents(cupboard, "7", "trade-1");
  before.add("I sent it.", "c1", 5);
  before.draft = "And then";
  const after = new Unsents(cupboard, "7", "trade-1");
  assert.deepEqual(after.queue, [{ clientId: "c1", text: "I sent it.", at: 5 }]);
  assert.equal(after.draft, "And then");
  after.fail("c1", "Too long.");
  assert.equal(before.queue[0].problem, "Too long.");
  after.drop("c1");
  after.draft = "";
  assert.equal(cupboard.kept.size, 0);
});

test("another account in the same browser does not see or send it", () => {
  const cupboard = shelf();
  new Unsents(cupboard, "7", "trade-1").add("Mine.", "c1", 5);
  assert.deepEqual(new Unsents(cupboard, "8", "trade-1").queue, []);
  assert.deepEqual(new Unsents(cupboard, "7", "trade-2").queue, []);
});

test("a browser without storage keeps it for the page, a broken store is empty", () => {
  const broken = { getItem: () => { throw new Error("no"); }, setItem: () => { throw new Error("no"); }, removeItem: () => undefined };
  for (const cupboard of [null, broken]) {
    const unsents = new Unsents(cupboard, "7", "x");
    unsents.add("Hello.", "c1", 5);
    assert.equal(unsents.queue.length, 1);
  }
  const odd = shelf();
  odd.setItem("parley.chat.7.x", '{"queue":7}');
  assert.deepEqual(new Unsents(odd, "7", "x").queue, []);
});

test("hidden and reordering characters are taken out (N10)", () => {
  const cases = [
    ["pay \u202ered\u202c now", "pay red now"], ["a\u0000b\u001bc", "abc"], ["iso\u2066late\u2069d", "isolated"],
    ["a\nb\tc", "a\nb\tc"], ["half \ud83d pair", "half  pair"], ["family \u{1f469}\u200d\u{1f467}", "family \u{1f469}\u200d\u{1f467}"],
    ["tag\u{e0041}", "tag"], ["عربي", "عربي"],
  ];
  for (const [given, seen] of cases) assert.equal(shown(given), seen);
});

test("a text's size is that of its bytes", () => {
  for (const [given, size] of [["", 0], ["Grüße, 你好 \u{1f600}", 20], ["x".repeat(4000), 4000]]) assert.equal(sizeOf(given), size);
});

test("links are found, their host is the one the network reads, mail addresses are none", () => {
  const hosts = (given) => pieces(given).flatMap((piece) => piece.host ?? []);
  assert.deepEqual(hosts("see https://pay.example/x?y, ok"), ["pay.example"]);
  assert.deepEqual(hosts("go to parley-support.com/now."), ["parley-support.com"]);
  assert.deepEqual(hosts("https://parley.com@evil.example/a"), ["evil.example"]);
  assert.deepEqual(hosts("https://pаrley.com/"), ["xn--prley-4ve.com"]);
  assert.deepEqual(hosts("HTTP://EVIL.EXAMPLE"), ["evil.example"]);
  assert.deepEqual(hosts("my paypal is marta@example.com"), []);
  assert.deepEqual(hosts("231.40 EUR at 0.9256, ok.thanks"), []);
  for (const given of ["a https://x.io b www.y.net c", "no link", ""]) assert.equal(pieces(given).map((p) => p.text).join(""), given);
});

const SCAMS = {
  words: [
    "send me your seed phrase", "what is your recovery phrase?", "I need the 12 words", "give me twelve words of your wallet", "type your private key here",
    "please validate your wallet", "you must connect your wallet to verify", "your secret recovery words please", "s3ed phrase", "ѕeed phrase",
    "share the keystore file", "restore your wallet here", "abandon ability able about above absent absorb abstract absurd abuse access accident",
    "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318", "send s.e.e.d phrase",
  ],
  support: [
    "I am from Parley support", "this is the admin", "contact support at once", "Official Support Team here", "write to our help desk", "Hello, I am an admin",
    "this is the escrow team speaking", "live agent is waiting", "message support to release", "SUPP0RT", "customer service told me",
  ],
  claim: [
    "payment confirmed", "The payment has been received, release", "your funds are on hold", "escrow is released, check", "the bank has confirmed it",
    "coins are now unlocked", "release first and I pay after", "platform guarantees it", "payment is pending release", "I sent too much, send the rest back please",
  ],
  elsewhere: [
    "write me on telegram", "whatsapp me", "add me on WhatsApp", "t.me/marta", "let us do it outside the platform", "t3legram", "my signal is 123",
    "cancel the trade and pay me here directly", "join discord", "tele gram @x", "te1egram",
  ],
  link: ["https://evil.example/login", "see pay-now.xyz", "www.bank-check.info"],
};

test("lines of known frauds get the right warning (K21)", () => {
  for (const [danger, lines] of Object.entries(SCAMS)) for (const line of lines) assert.equal(dangerOf(line), danger, line);
});

test("what honest people write gets none", () => {
  const honest = [
    "Hi Jonas. Instant transfer please, I am at my desk until three.", "Sure. From the account in my name, no third party.", "Good. Locking now, one moment.",
    "I see it. The name matches. Sending it now.", "Thank you, I will watch my bank.", "Could you do 0.9220 for 250?", "That is under what I paid myself.",
    "My bank asks for a code", "It is on its way", "I need more time", "I sent 231.40 EUR at 14:12, reference 7F3K22", "The key point is the name on the account",
    "Wait a minute", "LT12 1000 0111 0100 1000", "Danke, ist angekommen!", "thanks for the quick release",
  ];
  for (const line of honest) assert.equal(dangerOf(line), null, line);
});

test("an own secret is held back once, ordinary long sentences are not", () => {
  assert.equal(isSecret("abandon ability able about above absent absorb abstract absurd abuse access accident"), true);
  assert.equal(isSecret("1. legal 2. winner 3. thank 4. year 5. wave 6. sausage 7. worth 8. useful 9. legal 10. winner 11. thank 12. yellow"), true);
  assert.equal(isSecret("please look again because the bank says that they have sent the money this morning"), false);
});

test("a gap the hub declared after a restore is stepped over, wherever this page stood (Q17)", () => {
  const restored = { seq: 1003, kind: "system", at: 0, code: "restored", text: "Messages 3 to 1002 were lost", after: 2 };
  for (const seen of [2, 3]) {
    const log = new Log();
    for (let seq = 1; seq <= seen; seq += 1) log.take(page([text(seq, 1)]));
    assert.deepEqual(log.take(page([restored, text(1004, 2)])).map((e) => e.seq), [1003, 1004]);
  }
  const fresh = new Log();
  assert.deepEqual(fresh.take(page([restored])), [], "what came before is fetched first");
});
