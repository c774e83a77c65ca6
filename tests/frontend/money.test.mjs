import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const money = await load("money.ts");

const same = (name, cases, of) => {
  for (const [given, expected] of cases) test(`${name}: ${given} is ${expected}`, () => assert.equal(of(given), expected));
};

same("what people write", [["200", "200"], [" 231.40 ", "231.40"], ["12,5", "12.5"], ["1,25", "1.25"], [".5", "0.5"], ["7.", "7"]], money.written);

for (const text of ["", "abc", "1,234", "1,234.56", "1.234,56", "-5", "1e3", "1 000,000", "٣"]) {
  test(`“${text}” is refused, not guessed`, () => assert.throws(() => money.written(text), money.BadAmount));
}

test("base units are exact, and too many decimals are refused", () => {
  assert.equal(money.baseUnits("231.40", 6), 231_400_000n);
  assert.equal(money.baseUnits("0.000000000000000001", 18), 1n);
  assert.equal(money.baseUnits("1.2300000", 2), 123n);
  assert.throws(() => money.baseUnits("1.234", 2), /at most 2 decimals/);
});

test("texts come back from base units without loss", () => {
  assert.equal(money.amountText(248_750_000n, 6), "248.75");
  assert.equal(money.amountText(250_000_000n, 6, 2), "250.00");
  assert.equal(money.amountText(2n ** 128n - 1n, 18), "340282366920938463463.374607431768211455");
  assert.equal(money.amountText(1200n, 0, 0), "1200");
  assert.equal(money.amountDown(214_999_999n, 6, 2), "214.99");
  assert.equal(money.groupedText("1234567.891"), "1,234,567.891");
});

test("the figures of the product's own example", () => {
  const locked = money.coinsForDown("231.40", "0.9256", 6);
  assert.equal(locked, 250_000_000n);
  assert.equal(money.fee(locked, 50n), 1_250_000n);
  assert.equal(money.netOfFee(locked, 50n), 248_750_000n);
  assert.equal(money.fiatForUp(250_000_000n, "0.9256", 6, 2), "231.40");
});

test("the payer never pays less, the seller never gives more", () => {
  assert.equal(money.coinsForDown("200.00", "0.9256", 6), 216_076_058n);
  assert.equal(money.fiatForUp(216_076_059n, "0.9256", 6, 2), "200.01");
  assert.equal(money.fiatForUp(1n, "12000", 18, 0), "1");
});

test("the smallest amount whose net is enough is the smallest", () => {
  for (let net = 0n; net < 4_000n; net += 7n) {
    for (const bps of [0n, 1n, 50n, 171n, 200n]) {
      const gross = money.grossForNetUp(net, bps);
      assert.ok(money.netOfFee(gross, bps) >= net);
      assert.ok(gross === 0n || money.netOfFee(gross - 1n, bps) < net);
    }
  }
});
