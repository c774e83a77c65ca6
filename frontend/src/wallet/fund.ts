/** Locking the coins: in one transaction where the coin allows it, else in two; never more than this trade's amount. */

import { deployments } from "parley:chain";
import type { Hex } from "viem";
import { hexToNumber, slice } from "viem/utils";

import { chainNow } from "../clock.ts";
import { amountText } from "../money.ts";
import { type Sheet, SheetMismatch } from "../sheet.ts";
import { type Call, escrowCall, mined, read, send, tokenCall } from "./calls.ts";
import type { Provider, Wallet } from "./provider.ts";
import { WalletTrouble, isUnknownMethod } from "./trouble.ts";

const PERMIT_SECONDS = 900;
const NATIVE = /^0x0{40}$/;

/** Says what goes on, and what to do when nothing pops up. */
export type Say = (text: string) => void;

export interface Sent {
  hash: Hex;
  call: Call;
}

/**
 * Ask the seller's wallet to lock the trade's coins.
 *
 * @throws WalletTrouble, with the gap when the wallet holds too little; SheetMismatch for a coin this page does not know.
 */
export async function fund(wallet: Wallet, sheet: Sheet, say: Say): Promise<Sent> {
  const { trade, contract } = sheet;
  const known = deployments[String(sheet.chainId)]?.assets.find(({ token }) => token.toLowerCase() === trade.token.toLowerCase());
  if (!known || known.decimals !== sheet.asset.decimals || known.symbol !== sheet.asset.symbol) {
    throw new SheetMismatch(`This page does not know the coin of this trade, so it locks nothing.`, "asset");
  }
  const amount = BigInt(trade.amount);
  if (NATIVE.test(trade.token)) {
    say(`Confirm in ${wallet.info.name}: lock the coins`);
    return sent(wallet, trade.seller, { ...escrowCall(contract, "fund", trade), value: amount });
  }
  await mustHold(wallet, sheet, amount);
  const allowance = await read<bigint>(wallet, tokenCall(trade.token, "allowance", trade.seller, contract), "token", "allowance");
  if (allowance < amount) {
    const permitted = known.permitVersion ? await withPermit(wallet, sheet, known, amount, say) : null;
    if (permitted) return permitted;
    await allow(wallet, sheet, amount, say);
  }
  say(`${allowance < amount ? "Step 2 of 2. " : ""}Confirm in ${wallet.info.name}: lock the coins`);
  return sent(wallet, trade.seller, escrowCall(contract, "fund", trade));
}

async function sent(wallet: Wallet, from: Hex, call: Call): Promise<Sent> {
  return { call, hash: await send(wallet, from, call) };
}

async function mustHold(wallet: Wallet, { trade, asset }: Sheet, amount: bigint): Promise<void> {
  const held = await read<bigint>(wallet, tokenCall(trade.token, "balanceOf", trade.seller), "token", "balanceOf");
  if (held >= amount) return;
  const gap = amountText(amount - held, asset.decimals, 2);
  throw new WalletTrouble(`The wallet is ${gap} ${asset.symbol} short of what this trade locks. Nothing was sent. Add coins, then try again.`, "short");
}

/** One transaction: a signature allows exactly this amount, and the same call spends it. Null when the wallet cannot sign it. */
async function withPermit(
  wallet: Wallet,
  { trade, contract, chainId }: Sheet,
  token: { name: string; permitVersion: string },
  amount: bigint,
  say: Say,
): Promise<Sent | null> {
  const nonce = await read<bigint>(wallet, tokenCall(trade.token, "nonces", trade.seller), "token", "nonces");
  const deadline = chainNow() + PERMIT_SECONDS;
  const message = { owner: trade.seller, spender: contract, value: String(amount), nonce: String(nonce), deadline: String(deadline) };
  say(`Step 1 of 2. Sign in ${wallet.info.name}: allow exactly this amount`);
  let signature: Hex;
  try {
    signature = await signTyped(wallet.provider, trade.seller, {
      types: { EIP712Domain: DOMAIN, Permit: PERMIT },
      primaryType: "Permit",
      domain: { name: token.name, version: token.permitVersion, chainId, verifyingContract: trade.token },
      message,
    });
  } catch (thrown) {
    if (isUnknownMethod(thrown)) return null;
    throw thrown;
  }
  if (signature.length !== 132) return null;
  say(`Step 2 of 2. Confirm in ${wallet.info.name}: lock the coins`);
  const v = hexToNumber(slice(signature, 64, 65) as Hex);
  const parts = [BigInt(deadline), v < 27 ? v + 27 : v, slice(signature, 0, 32), slice(signature, 32, 64)];
  return sent(wallet, trade.seller, escrowCall(contract, "fundWithPermit", trade, ...parts));
}

async function allow(wallet: Wallet, { trade, contract }: Sheet, amount: bigint, say: Say): Promise<void> {
  say(`Step 1 of 2. Confirm in ${wallet.info.name}: allow exactly this amount`);
  const { hash, call } = await sent(wallet, trade.seller, tokenCall(trade.token, "approve", contract, amount));
  say("Step 1 of 2. Waiting for the network…");
  await mined(wallet, hash, trade.seller, call);
}

const DOMAIN = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
];
const PERMIT = [
  { name: "owner", type: "address" },
  { name: "spender", type: "address" },
  { name: "value", type: "uint256" },
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint256" },
];

/** eth_signTypedData_v4. */
export const signTyped = async (provider: Provider, from: string, document: object): Promise<Hex> =>
  (await provider.request({ method: "eth_signTypedData_v4", params: [from, JSON.stringify(document)] })) as Hex;
