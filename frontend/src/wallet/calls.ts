/** Calls of the escrow contract and of tokens, encoded from the interface inside this bundle. */

import { abi, tokenAbi } from "parley:chain";
import type { Abi, Hex } from "viem";
import { decodeFunctionResult, encodeFunctionData, toHex } from "viem/utils";

import { type Message, values } from "../typed/typed.ts";
import type { Wallet } from "./provider.ts";
import { WalletTrouble, contractSentence } from "./trouble.ts";

const ESCROW = abi as unknown as Abi;
const TOKEN = tokenAbi as unknown as Abi;

export interface Call {
  to: Hex;
  data: Hex;
  value?: bigint;
}

export interface TradeFields {
  seller: Hex;
  buyer: Hex;
  token: Hex;
  amount: string;
  arbitrator: Hex;
  feeBps: number | string;
  payWindow: number | string;
  releaseWindow: number | string;
  rulingWindow: number | string;
  terms: Hex;
}

const tuple = (trade: TradeFields): object => values("Trade", trade as unknown as Message);

/** A call of the escrow contract about one trade. */
export const escrowCall = (contract: Hex, name: string, trade: TradeFields, ...rest: unknown[]): Call => ({
  to: contract,
  data: encodeFunctionData({ abi: ESCROW, functionName: name, args: [tuple(trade), ...rest] }),
});

/** A call of the escrow contract that names no trade. */
export const contractCall = (contract: Hex, name: string, ...args: unknown[]): Call => ({
  to: contract,
  data: encodeFunctionData({ abi: ESCROW, functionName: name, args }),
});

export const tokenCall = (token: Hex, name: string, ...args: unknown[]): Call => ({
  to: token,
  data: encodeFunctionData({ abi: TOKEN, functionName: name, args }),
});

const wire = (call: Call, from?: string): object => ({
  ...(from && { from }),
  to: call.to,
  data: call.data,
  ...(call.value !== undefined && { value: toHex(call.value) }),
});

/** Read through the person's own node. */
export async function read<T>(wallet: Wallet, call: Call, of: "escrow" | "token", name: string): Promise<T> {
  const data = (await wallet.provider.request({ method: "eth_call", params: [wire(call), "latest"] })) as Hex;
  return decodeFunctionResult({ abi: of === "escrow" ? ESCROW : TOKEN, functionName: name, data }) as T;
}

/** Try the call against the newest block, so that a revert is told before anything costs. */
export const rehearse = (wallet: Wallet, from: string, call: Call): Promise<unknown> =>
  wallet.provider.request({ method: "eth_call", params: [wire(call, from), "latest"] });

/** Rehearse, then ask the wallet to send. Returns the transaction's hash. */
export async function send(wallet: Wallet, from: string, call: Call): Promise<Hex> {
  await rehearse(wallet, from, call);
  return (await wallet.provider.request({ method: "eth_sendTransaction", params: [wire(call, from)] })) as Hex;
}

interface Receipt {
  status: Hex;
  blockNumber: Hex;
}

const POLL_MILLISECONDS = 700;
const PATIENCE_MILLISECONDS = 120_000;

/**
 * Wait until the transaction is in a block.
 *
 * @throws WalletTrouble when it reverted there, or was not seen for two minutes.
 */
export async function mined(wallet: Wallet, hash: Hex, from: string, call: Call): Promise<void> {
  const ends = Date.now() + PATIENCE_MILLISECONDS;
  while (Date.now() < ends) {
    const receipt = (await wallet.provider.request({ method: "eth_getTransactionReceipt", params: [hash] }).catch(() => null)) as Receipt | null;
    if (receipt) {
      if (BigInt(receipt.status) === 1n) return;
      await wallet.provider.request({ method: "eth_call", params: [wire(call, from), receipt.blockNumber] });
      throw new WalletTrouble(contractSentence("0x"), "reverted");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  throw new WalletTrouble("The network has not taken the transaction yet. It may still; this page goes on by itself when it does.", "slow", { calm: true });
}
