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

interface Waiting {
  nonce: Hex;
}

const POLL_MILLISECONDS = 700;
const PATIENCE_MILLISECONDS = 120_000;
const LOST_MILLISECONDS = 20_000;
const REPLACED = "Your wallet sent another transaction in its place. If that was the same step, sped up, this page goes on by itself; if you cancelled it, nothing was moved, and you can press the button again.";
const LOST = "The network does not know your transaction any more. Nothing was moved so far. Send it again from the wallet, or press the button once more.";

/**
 * Wait until the transaction is in a block.
 *
 * @throws WalletTrouble when it reverted there, another took its nonce, the network forgot it, or two minutes were too short.
 */
export async function mined(wallet: Wallet, hash: Hex, from: string, call: Call): Promise<void> {
  const ends = Date.now() + PATIENCE_MILLISECONDS;
  const ask = <T>(method: string, ...params: unknown[]): Promise<T | null> =>
    wallet.provider.request({ method, params }).catch(() => null) as Promise<T | null>;
  let nonce = -1;
  let seen = Date.now();
  while (Date.now() < ends) {
    const receipt = await ask<Receipt>("eth_getTransactionReceipt", hash);
    if (receipt) {
      if (BigInt(receipt.status) === 1n) return;
      await wallet.provider.request({ method: "eth_call", params: [wire(call, from), receipt.blockNumber] });
      throw new WalletTrouble(contractSentence("0x"), "reverted");
    }
    const waiting = await ask<Waiting>("eth_getTransactionByHash", hash);
    if (waiting) [nonce, seen] = [Number(waiting.nonce), Date.now()];
    else if (nonce >= 0) {
      const used = Number((await ask<Hex>("eth_getTransactionCount", from, "latest")) ?? 0);
      if (used > nonce) await mustBeMined(ask, hash);
      else if (Date.now() - seen > LOST_MILLISECONDS) throw new WalletTrouble(LOST, "dropped");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  throw new WalletTrouble("The network has not taken the transaction yet. It may still; this page goes on by itself when it does.", "slow", { calm: true });
}

/** The nonce is used up: by this transaction, mined between two questions, or by another. @throws WalletTrouble */
async function mustBeMined(ask: (method: string, ...params: unknown[]) => Promise<unknown>, hash: Hex): Promise<void> {
  if (!(await ask("eth_getTransactionReceipt", hash))) throw new WalletTrouble(REPLACED, "replaced", { calm: true });
}
