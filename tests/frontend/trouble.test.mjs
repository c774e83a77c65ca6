import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { load } from "./load.mjs";

const page = 'globalThis.document ??= { documentElement: { lang: "en" } };';
const { troubleOf, contractSentence, isUnknownChain, isUnknownMethod, WalletTrouble } = await load("wallet/trouble.ts", page);
const { encode } = await load("../../tests/frontend/encode.ts");
const { abi } = JSON.parse(await readFile(new URL("../../escrow/chain/abi/Escrow.json", import.meta.url), "utf8"));
const { errors } = JSON.parse(await readFile(new URL("../../escrow/chain/errors.json", import.meta.url), "utf8"));

const sample = ({ type }) => (type === "address" ? "0x90F79bf6EB2c4f870365E785982E1f101E93b906" : type === "bytes32" ? `0x${"1".repeat(64)}` : 2n);

for (const error of abi.filter(({ type }) => type === "error")) {
  test(`${error.name} has its sentence, with every value filled in`, () => {
    const sentence = contractSentence(encode(abi, error.name, error.inputs.map(sample)));
    assert.notEqual(sentence, errors.Unknown);
    assert.doesNotMatch(sentence, /[{}]|0x[0-9a-f]{12}/i);
    assert.match(sentence, /\.$/);
  });
}

test("times and states in a contract's refusal are readable", () => {
  assert.match(contractSentence(encode(abi, "BadState", [`0x${"1".repeat(64)}`, 2])), /it is paid/);
  assert.doesNotMatch(contractSentence(encode(abi, "TooLate", [1_795_527_867n, 1_795_527_000n])), /1795527000/);
  assert.match(contractSentence(encode(abi, "PayWindowOutOfRange", [1, 1_200, 1_209_600])), /between 20 min and 14 days/);
});

const refusals = [
  ["somebody said no", { code: 4001, message: "x" }, /You closed the wallet request\. Nothing was sent\./, true],
  ["a request is open", { code: -32002, message: "x" }, /already asking/, true],
  ["no permission", { code: 4100, message: "x" }, /has not allowed/, false],
  ["no network", { code: 4900, message: "x" }, /lost its network/, false],
  ["method unknown", { code: 4200, message: "x" }, /cannot do that/, false],
  ["too little coin", { code: -32000, message: "insufficient funds for gas * price + value" }, /too little/, false],
  ["the node said no", { code: -32000, message: "nonce too low" }, /network refused/, false],
  ["refused in words only", new Error("User rejected the request."), /You closed the wallet request/, true],
  ["anything else", new TypeError("x is not a function"), /went wrong before anything was sent/, false],
];
for (const [name, thrown, sentence, calm] of refusals) {
  test(`${name} is told in a sentence`, () => {
    const trouble = troubleOf(thrown);
    assert.match(trouble.message, sentence);
    assert.equal(trouble.calm, calm);
    assert.doesNotMatch(trouble.message, /0x|-32/);
  });
}

const data = encode(abi, "NotBuyer", ["0x90F79bf6EB2c4f870365E785982E1f101E93b906"]);
const wrappings = {
  "as a node gives it": { code: 3, message: "execution reverted", data },
  "nested once": { code: -32603, message: "Internal", data: { code: 3, message: "execution reverted", data } },
  "in originalError": { code: -32603, data: { originalError: { code: 3, data } } },
  "in a cause": Object.assign(new Error("call failed"), { cause: { code: 3, data } }),
  "in the message alone": { code: -32000, message: `execution reverted: ${data}` },
};
for (const [name, thrown] of Object.entries(wrappings)) {
  test(`a revert is decoded ${name}`, () => {
    assert.match(troubleOf(thrown).message, /Only the buyer/);
    assert.equal(troubleOf(thrown).code, "reverted");
  });
}

test("an unknown chain is recognised, plain and wrapped as some phones do", () => {
  assert.ok(isUnknownChain({ code: 4902 }));
  assert.ok(isUnknownChain({ code: -32603, data: { originalError: { code: 4902 } } }));
  assert.ok(!isUnknownChain({ code: 4001 }));
  assert.ok(isUnknownMethod({ code: -32601 }));
});

test("a trouble that has its words keeps them", () => {
  const known = new WalletTrouble("Words.", "code");
  assert.equal(troubleOf(known), known);
});
