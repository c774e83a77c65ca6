import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { hashTypedData } from "viem";

import { load } from "./load.mjs";

const golden = JSON.parse(await readFile(new URL("../vectors/typed_data.json", import.meta.url), "utf8"));
const { structHash, digest, plain, walletDocument, pinnedContract } = await load("typed/typed.ts");
const { canonical, commitment, methodSalt, opens, deviceHash, randomSalt } = await load("typed/commitments.ts");

for (const { name, primaryType, message, structHash: hash, digest: signed } of golden.vectors) {
  test(`${name} hashes as everywhere else`, () => {
    assert.equal(structHash(primaryType, message), hash);
    if (signed) assert.equal(digest(primaryType, message, golden.chainId, golden.verifyingContract), signed);
  });
}

for (const { name, document, digest: signed } of golden.permit2) {
  test(`${name} hashes in viem as everywhere else`, () => {
    assert.equal(hashTypedData(document), signed);
  });
}

test("integers may come as numbers, and reach the wallet as decimal text", () => {
  const { message } = golden.vectors.find(({ primaryType }) => primaryType === "Trade");
  const mixed = { ...message, feeBps: Number(message.feeBps), amount: BigInt(message.amount) };
  assert.deepEqual(plain("Trade", mixed), message);
});

test("a message with a missing field is refused", () => {
  const { message } = golden.vectors.find(({ primaryType }) => primaryType === "Trade");
  const { terms: _, ...short } = message;
  assert.throws(() => structHash("Trade", short), /Trade lacks terms/);
});

test("the wallet is given only the types that the message uses, and the pinned contract", () => {
  const { message } = golden.vectors.find(({ primaryType }) => primaryType === "MarkPaid");
  const document = walletDocument("MarkPaid", message, golden.chainId);
  assert.deepEqual(Object.keys(document.types), ["EIP712Domain", "MarkPaid", "Trade"]);
  assert.equal(document.domain.verifyingContract, pinnedContract(golden.chainId));
  assert.throws(() => pinnedContract(1), /not built for chain 1/);
});

for (const [at, { details, canonical: text, salt, commitment: expected }] of golden.commitments.entries()) {
  test(`commitment ${at} is made and opened`, () => {
    assert.equal(canonical(details), text);
    assert.equal(commitment(details, salt), expected);
    assert.ok(opens({ details, salt }, expected.toUpperCase().replace("0X", "0x")));
    assert.ok(!opens({ details: { ...details, name: "Somebody Else" }, salt }, expected));
  });
}

test("salts of methods and names of devices agree", () => {
  for (const { offerSalt, code, salt } of golden.methodSalts) assert.equal(methodSalt(offerSalt, code), salt);
  for (const { signing, agreement, hash } of golden.devices) assert.equal(deviceHash(signing, agreement), hash);
});

test("salts are 32 fresh bytes", () => {
  assert.match(randomSalt(), /^0x[0-9a-f]{64}$/);
  assert.notEqual(randomSalt(), randomSalt());
});
