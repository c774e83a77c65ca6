/** The practice wallet signs what it can read, and nothing else. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { load } from "./load.mjs";

const made = () => ({ append() {}, setAttribute() {}, children: [] });
globalThis.document ??= { documentElement: { lang: "en" }, createElement: made, querySelector: () => null };

const { wordsOfTyped, wordsOfCall } = await load("practice/words.ts");
const { walletDocument } = await load("typed/typed.ts");
const { escrowCall, contractCall, tokenCall } = await load("wallet/calls.ts");
const golden = JSON.parse(await readFile(new URL("../vectors/typed_data.json", import.meta.url), "utf8"));
const { 72731: devnet } = JSON.parse(await readFile(new URL("../../escrow/chain/deployments.json", import.meta.url), "utf8"));
const chainId = golden.chainId;
const trade = golden.vectors.find(({ name }) => name === "trade in test USDC").message;

for (const { name, primaryType, message } of golden.vectors.filter(({ primaryType }) => !["Trade", "Agreement"].includes(primaryType))) {
  test(`“${name}” is told in words`, () => {
    const words = wordsOfTyped(walletDocument(primaryType, message, chainId));
    assert.ok(words.title.length > 3);
    assert.ok(words.lines.length > 1 || primaryType === "Offer");
    assert.ok(words.isFree);
  });
}

test("a message for another contract, or of another kind, is not signed", () => {
  const { message } = golden.vectors.find(({ primaryType }) => primaryType === "Release");
  const document = walletDocument("Release", message, chainId);
  const elsewhere = { ...document, domain: { ...document.domain, verifyingContract: "0x000000000000000000000000000000000000dEaD" } };
  assert.equal(wordsOfTyped(elsewhere), null);
  assert.equal(wordsOfTyped({ ...document, primaryType: "Mail" }), null);
});

test("a permit is signed for the escrow contract alone", () => {
  const permit = (spender) => ({ primaryType: "Permit", domain: { chainId, verifyingContract: devnet.assets[0].token }, message: { spender, value: "250000000" } });
  assert.deepEqual(wordsOfTyped(permit(devnet.contract)).lines[0], ["Amount", "250.00 USDC"]);
  assert.equal(wordsOfTyped(permit("0x000000000000000000000000000000000000dEaD")), null);
});

test("calls of the contract are told, with the coins in words", () => {
  const words = wordsOfCall(chainId, escrowCall(devnet.contract, "release", trade));
  assert.equal(words.title, "Give the coins to the buyer");
  assert.match(words.lines[0][1], /USDC$/);
  assert.ok(wordsOfCall(chainId, contractCall(devnet.contract, "withdraw", trade.token, trade.buyer)));
});

test("what it cannot read it does not send", () => {
  const elsewhere = "0x000000000000000000000000000000000000dEaD";
  assert.equal(wordsOfCall(chainId, escrowCall(elsewhere, "release", trade)), null);
  assert.equal(wordsOfCall(chainId, { to: devnet.contract, data: "0x12345678" }), null);
  assert.equal(wordsOfCall(chainId, { to: elsewhere, value: "0x1" }), null);
  assert.equal(wordsOfCall(chainId, tokenCall(devnet.assets[0].token, "approve", elsewhere, 1n)), null);
  assert.ok(wordsOfCall(chainId, tokenCall(devnet.assets[0].token, "approve", devnet.contract, 1n)));
});
