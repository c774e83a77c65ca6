/** Exact amounts: decimal text and bigint base units, nothing else. The rounding stands in each name. */

const BPS = 10_000n;
const NUMBER = /^\d{1,40}(?:\.\d{1,40})?$/;

/** A text that is no usable amount; the message is for the person who wrote it. */
export class BadAmount extends Error {}

/**
 * What a person typed, as plain decimal text. One comma is read as a decimal mark unless it could stand for thousands.
 *
 * @throws BadAmount
 */
export function written(text: string): string {
  const typed = text.trim().replace(/[\u00a0\u202f]/g, "");
  const plain = /^\d+,\d+$/.test(typed) && !/,\d{3}$/.test(typed) ? typed.replace(",", ".") : typed;
  const bare = plain.replace(/^\./, "0.").replace(/\.$/, "");
  if (!NUMBER.test(bare)) throw new BadAmount("Write the amount in digits, like 200 or 231.40, without thousands marks.");
  return bare;
}

/**
 * Decimal text in base units, exactly.
 *
 * @throws BadAmount when there are more decimals than the asset has.
 */
export function baseUnits(text: string, decimals: number): bigint {
  const [whole = "0", part = ""] = text.split(".");
  const kept = part.replace(/0+$/, "");
  if (kept.length > decimals) throw new BadAmount(`Use at most ${decimals} decimals here.`);
  return BigInt(whole + kept.padEnd(decimals, "0"));
}

/** Base units as decimal text: all digits, at least `least` decimals. */
export function amountText(units: bigint, decimals: number, least = 0): string {
  const digits = units.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, "").padEnd(Math.min(least, decimals), "0");
  return part ? `${whole}.${part}` : whole;
}

/** Base units cut down to `places` decimals, for reading. */
export function amountDown(units: bigint, decimals: number, places: number): string {
  const cut = Math.max(decimals - places, 0);
  const step = 10n ** BigInt(cut);
  return amountText(units / step, decimals - cut, Math.min(places, decimals));
}

/** Thousands marks for reading. */
export const groupedText = (text: string): string => {
  const [whole = "", part] = text.split(".");
  const marked = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? marked : `${marked}.${part}`;
};

/** The contract's fee, rounded down. */
export const fee = (units: bigint, bps: bigint): bigint => (units * bps) / BPS;

export const netOfFee = (units: bigint, bps: bigint): bigint => units - fee(units, bps);

/** The smallest amount whose net is at least `net`; exact, as the server has it. */
export const grossForNetUp = (net: bigint, bps: bigint): bigint => (net > 0n ? ((net - 1n) * BPS) / (BPS - bps) + 1n : 0n);

interface Scaled {
  value: bigint;
  scale: bigint;
}

function scaled(text: string): Scaled {
  const [whole = "0", part = ""] = text.split(".");
  return { value: BigInt(whole + part), scale: 10n ** BigInt(part.length) };
}

/** Base units that `fiat` pays for at `price`, rounded down. Both are decimal text. */
export function coinsForDown(fiat: string, price: string, decimals: number): bigint {
  const money = scaled(fiat);
  const each = scaled(price);
  return each.value === 0n ? 0n : (money.value * each.scale * 10n ** BigInt(decimals)) / (each.value * money.scale);
}

/** Money for base units at `price`, rounded up to the currency's exponent, as decimal text. */
export function fiatForUp(units: bigint, price: string, decimals: number, exponent: number): string {
  const each = scaled(price);
  const divisor = each.scale * 10n ** BigInt(decimals);
  const cents = (units * each.value * 10n ** BigInt(exponent) + divisor - 1n) / divisor;
  return amountText(cents, exponent, exponent);
}
