/** What the practice wallet answers: reads go to the node, what needs a signature goes past the person first. */

import type { Hex } from "viem";
import { hexToBigInt, hexToString, toHex } from "viem/utils";

import { chainId } from "../page.ts";
import type { Provider } from "../wallet/provider.ts";
import { ask } from "./node.ts";
import { type Person, current } from "./people.ts";
import { confirm } from "./sheet.ts";
import { type Words, wordsOfCall, wordsOfTyped } from "./words.ts";

interface Call {
  to?: Hex;
  data?: Hex;
  value?: Hex;
  gas?: Hex;
}

const UNREADABLE = { code: 4200, message: "The practice wallet signs only what it can read: Parley's own messages and calls." };
/** Room for a payout that meets a hostile wallet; see the contract's LowGas. */
const SPARE_GAS = 400_000n;

let isAsking = false;

/** One request at a time, as wallets do. */
async function alone<T>(action: () => Promise<T>): Promise<T> {
  if (isAsking) throw { code: -32002, message: "Request already pending." };
  isAsking = true;
  try {
    return await action();
  } finally {
    isAsking = false;
  }
}

const mine = async (address: unknown): Promise<Person> => {
  const person = await current();
  if (String(address).toLowerCase() !== person.account.address.toLowerCase()) {
    throw { code: 4100, message: "The practice wallet plays another account now." };
  }
  return person;
};

const signInWords = (message: string): Words | null => {
  const [first = ""] = message.split("\n");
  if (!first.startsWith(`${location.host} wants you to sign in`)) return null;
  return { title: "Sign in to Parley", lines: [["Site", location.host], ["This browser", "may read and write the chats of your trades"]], isFree: true };
};

const handlers: Record<string, (params: readonly unknown[]) => Promise<unknown>> = {
  eth_requestAccounts: async () => [(await current()).account.address],
  eth_accounts: async () => [(await current()).account.address],
  eth_chainId: async () => toHex(chainId()),
  wallet_switchEthereumChain: async ([wanted]) => {
    if (Number((wanted as { chainId: Hex }).chainId) !== chainId()) throw { code: 4902, message: "Only the practice network." };
    return null;
  },
  wallet_addEthereumChain: async () => null,

  personal_sign: ([raw, address]) =>
    alone(async () => {
      const person = await mine(address);
      const message = hexToString(raw as Hex);
      const words = signInWords(message);
      if (!words) throw UNREADABLE;
      await confirm(person, words, message);
      return person.account.signMessage({ message });
    }),

  eth_signTypedData_v4: ([address, document]) =>
    alone(async () => {
      const person = await mine(address);
      const typed = JSON.parse(String(document));
      const words = Number(typed.domain.chainId) === chainId() ? wordsOfTyped(typed) : null;
      if (!words) throw UNREADABLE;
      await confirm(person, words, JSON.stringify(typed.message, null, 2));
      return person.account.signTypedData(typed);
    }),

  eth_sendTransaction: ([call]) =>
    alone(async () => {
      const { from, ...asked } = call as Call & { from: Hex };
      const person = await mine(from);
      const words = wordsOfCall(chainId(), asked);
      if (!words) throw UNREADABLE;
      await confirm(person, words, JSON.stringify(asked, null, 2));
      return ask("eth_sendRawTransaction", [await signed(person, asked)]);
    }),
};

async function signed({ account }: Person, { to, data, value }: Call): Promise<Hex> {
  const call = { from: account.address, to, data, value };
  const [nonce, price, gas] = await Promise.all([
    ask<Hex>("eth_getTransactionCount", [account.address, "pending"]),
    ask<Hex>("eth_gasPrice"),
    ask<Hex>("eth_estimateGas", [call]),
  ]);
  const tip = 1_000_000_000n;
  return account.signTransaction({
    type: "eip1559",
    chainId: chainId(),
    nonce: Number(nonce),
    to: to ?? null,
    data: data ?? "0x",
    value: hexToBigInt(value ?? "0x0"),
    gas: hexToBigInt(gas) + SPARE_GAS,
    maxFeePerGas: hexToBigInt(price) * 2n + tip,
    maxPriorityFeePerGas: tip,
  });
}

/** Answer one request as EIP-1193 asks. */
export const request: Provider["request"] = async ({ method, params = [] }) =>
  handlers[method] ? handlers[method](params) : ask(method, params);
