/** Whether a device belongs to an account: the sign-in message that names it, and the wallet's signature under it. */

import { isAddressEqual, recoverMessageAddress } from "viem/utils";

import { type Bytes, hex, must } from "./bytes.ts";
import { isSigningPoint } from "./keys.ts";
import { deviceOf } from "./layout.ts";

export interface Binding {
  address: string;
  message: string;
  signature: string;
}

/** Where the message must have been signed: a page knows its own, a bundle names its chain alone. */
export interface Place {
  origin?: string;
  chainId: number;
}

export interface Spelt {
  address: string;
  origin: string;
  device: Bytes;
  signing: Bytes;
  agreement: Bytes;
}

/**
 * Who says that the device is the account's: the wallet's own signature; the terms of the trade, which the coins
 * follow; or, for a wallet that is a contract, only the hub.
 */
export type Voucher = "wallet" | "terms" | "hub";

const KEYS = "urn:parley:device:1:([0-9a-f]{64}):([0-9a-f]{64})";
const STATEMENT = "[ !#$&'()*+,\\-./0-9:;=?@A-Z\\[\\]a-z_~]+";
const SPELLING = new RegExp(
  `^(?:([a-z][a-z0-9+.-]*)://)?([^\\s/?#@]+) wants you to sign in with your Ethereum account:\n(0x[0-9a-fA-F]{40})\n\n(?:${STATEMENT}\n)?\n` +
    "URI: (https?://[!-~]+)\nVersion: 1\nChain ID: ([1-9][0-9]{0,18})\nNonce: [A-Za-z0-9]{8,128}\nIssued At: [!-~]+\n" +
    "(?:Expiration Time: [!-~]+\n)?(?:Not Before: [!-~]+\n)?(?:Request ID: [^\\s]*\n)?" +
    `Resources:\n- ${KEYS}$`,
);

/** What a sign-in message names. @throws BadSeal unless it is one in its one spelling, for this place. */
export function spelt(message: string, place: Place): Spelt {
  const found = SPELLING.exec(message);
  must(found !== null, "The sign-in message is not in its exact form.");
  const [, scheme, host, address, uri, chain, signing, agreement] = found as unknown as string[];
  const { origin, host: named, protocol } = originOf(uri ?? "");
  must(named === host && (!scheme || `${scheme}:` === protocol), "The sign-in message names two sites.");
  must(place.origin === undefined || place.origin === origin, "The sign-in message is for another site.");
  must(chain === String(place.chainId), "The sign-in message is for another network.");
  const [S, A] = [bytesOf(signing), bytesOf(agreement)];
  must(isSigningPoint(S), "The device's signing key belongs to everybody.");
  return { address: address ?? "", origin, device: deviceOf(S, A), signing: S, agreement: A };
}

/**
 * Who vouches that the binding's device is the account's. `terms` are the device hashes that the trade's Agreement names.
 *
 * @throws BadSeal if the message does not spell the keys for this place and this account.
 */
export async function voucherOf(binding: Binding, place: Place, terms: string[] = []): Promise<Voucher> {
  const { address, device } = spelt(binding.message, place);
  must(isAddressEqual(address as `0x${string}`, binding.address as `0x${string}`), "The sign-in message is another account's.");
  if (await isByWallet(binding)) return "wallet";
  return terms.some((hash) => hash.toLowerCase() === `0x${hex(device)}`) ? "terms" : "hub";
}

async function isByWallet({ address, message, signature }: Binding): Promise<boolean> {
  if (!/^0x[0-9a-f]{130}$/i.test(signature)) return false;
  try {
    const signer = await recoverMessageAddress({ message, signature: signature as `0x${string}` });
    return isAddressEqual(signer, address as `0x${string}`);
  } catch {
    return false;
  }
}

function originOf(uri: string): { origin: string; host: string; protocol: string } {
  must(URL.canParse(uri), "The sign-in message names no site.");
  const { origin, host, protocol } = new URL(uri);
  return { origin, host, protocol };
}

const bytesOf = (text = ""): Bytes => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
