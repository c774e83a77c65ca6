/** Salted commitments to account details: shown to nobody, yet nobody can swap them. */

import type { Hex } from "viem";
import { bytesToHex, concat, keccak256, stringToBytes } from "viem/utils";

export type Details = Record<string, string>;

export interface Opening {
  details: Details;
  salt: Hex;
}

/** 32 random bytes; fresh for each trade and offer. */
export const randomSalt = (): Hex => bytesToHex(crypto.getRandomValues(new Uint8Array(32)));

const textHash = (text: string): Hex => keccak256(stringToBytes(text));

/** The one spelling of details: sorted keys, no spaces, values trimmed and in NFC. */
export const canonical = (details: Details): string =>
  JSON.stringify(Object.fromEntries(Object.keys(details).sort().map((key) => [key, details[key]?.normalize("NFC").trim()])));

export const commitment = (details: Details, salt: Hex): Hex => keccak256(concat([salt, textHash(canonical(details))]));

/** The salt of one payment method of an offer. */
export const methodSalt = (offerSalt: Hex, code: string): Hex => keccak256(concat([offerSalt, textHash(code)]));

export const opens = (opening: Opening, expected: string): boolean =>
  commitment(opening.details, opening.salt).toLowerCase() === expected.toLowerCase();

/** The name of a browser's device: both public keys, 64 hex digits each. */
export const deviceHash = (signing: string, agreement: string): Hex => keccak256(`0x${signing}${agreement}`);
