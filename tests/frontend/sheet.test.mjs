import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { load } from "./load.mjs";

const kept = new Map();
globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), clear: () => kept.clear() };
globalThis.document ??= { documentElement: { lang: "en" }, querySelector: () => null, getElementById: () => null };

const { checkSheet, checkTake, openPayee, rememberTake, SheetMismatch } = await load("sheet.ts");
const { structHash } = await load("typed/typed.ts");
const { commitment } = await load("typed/commitments.ts");
const golden = JSON.parse(await readFile(new URL("../vectors/typed_data.json", import.meta.url), "utf8"));

const payee = { details: { name: "Marta Kowalska", iban: "LT121000011101001000" }, salt: `0x${"07".repeat(32)}` };
const taken = golden.vectors.find(({ primaryType }) => primaryType === "Take");

/** A true sheet as the server sends it, around the golden Take unless an agreement is given. */
function sheetOf({ agreement = taken.message.agreement, ...changes } = {}) {
  const trade = { ...taken.message.trade, terms: structHash("Agreement", agreement) };
  return {
    ref: "7F3K-22",
    chainId: golden.chainId,
    contract: golden.verifyingContract,
    viewer: trade.buyer,
    role: "buyer",
    status: "FUNDED",
    trade,
    agreement,
    take: { youPay: taken.message.youPay, youGet: taken.message.youGet, deadline: taken.message.deadline, signature: taken.signature },
    tradeId: structHash("Trade", trade),
    payee: null,
    ...changes,
  };
}

const withPayee = (opening = payee) =>
  sheetOf({ agreement: { ...taken.message.agreement, payeeCommitment: commitment(payee.details, payee.salt) }, payee: opening });

const refuses = (name, make, what) =>
  test(`${name} is refused`, async () => {
    await assert.rejects(async () => make(), (thrown) => thrown instanceof SheetMismatch && thrown.what === what);
  });

test("a true sheet passes", () => assert.doesNotThrow(() => checkSheet(sheetOf())));

refuses("another contract", () => checkSheet(sheetOf({ contract: "0x000000000000000000000000000000000000dEaD" })), "contract");
refuses("another id", () => checkSheet(sheetOf({ tradeId: `0x${"0".repeat(64)}` })), "trade");
refuses("terms that hash to something else", () => {
  const sheet = sheetOf();
  checkSheet({ ...sheet, agreement: { ...sheet.agreement, fiatAmount: "2314.00" } });
}, "terms");
refuses("another amount under the same id", () => {
  const sheet = sheetOf();
  checkSheet({ ...sheet, trade: { ...sheet.trade, amount: "1" } });
}, "trade");
refuses("somebody else's role", () => checkSheet(sheetOf({ role: "seller" })), "role");

test("the buyer's signature over exactly this trade is accepted", async () => {
  kept.clear();
  const trade = taken.message.trade;
  const sheet = { ...sheetOf(), trade, tradeId: structHash("Trade", trade), agreement: taken.message.agreement };
  if (taken.signer.toLowerCase() === trade.buyer.toLowerCase()) await checkTake({ ...sheet, role: "seller", viewer: trade.seller });
});
refuses("a signature over other terms", async () => {
  kept.clear();
  const other = sheetOf();
  await checkTake({ ...other, role: "seller", trade: { ...other.trade, amount: "1" } });
}, "take");
refuses("a trade nobody signed, before the seller locks", () => checkTake(sheetOf({ take: { ...sheetOf().take, signature: null } })), "unsigned");
refuses("terms other than those this browser signed", async () => {
  kept.clear();
  rememberTake(sheetOf());
  await checkTake(sheetOf({ agreement: { ...taken.message.agreement, fiatAmount: "9.00" } }));
}, "take");
test("terms that this browser signed need no other proof", async () => {
  kept.clear();
  rememberTake(sheetOf());
  await checkTake(sheetOf());
});

test("the payee's account opens when it is the committed one", () => {
  assert.deepEqual(openPayee(withPayee()), payee.details);
});
refuses("a swapped account", () => openPayee(withPayee({ ...payee, details: { ...payee.details, iban: "DE89370400440532013000" } })), "payeeCommitment");
refuses("an account under another salt", () => openPayee(withPayee({ ...payee, salt: `0x${"08".repeat(32)}` })), "payeeCommitment");
refuses("a swapped account with a commitment to match it", () => {
  const theirs = { details: { ...payee.details, iban: "DE89370400440532013000" }, salt: payee.salt };
  const sheet = withPayee(theirs);
  openPayee({ ...sheet, agreement: { ...sheet.agreement, payeeCommitment: commitment(theirs.details, theirs.salt) } });
}, "terms");
