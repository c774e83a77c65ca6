/** A signed step that somebody brought as a file, as the contract's call: encoded here and not taken from the server. */

import type { Hex } from "viem";

import { pinnedContract } from "../typed/typed.ts";
import { type Call, type TradeFields, contractCall, escrowCall } from "./calls.ts";
import { MOVES, asCallValue } from "./moves.ts";
import { WalletTrouble } from "./trouble.ts";

export interface CarriedStep {
  chainId: number;
  contract: Hex;
  move: string;
  trade: TradeFields;
  arguments: Record<string, string>;
  deadline: string;
  signer: Hex;
  signature: Hex;
  buyerSignature?: Hex;
}

/**
 * The call that brings the step to this bundle's contract.
 *
 * @throws WalletTrouble when the step is for another contract, or is none that can be signed.
 */
export function carriedCall(step: CarriedStep): Call {
  const contract = pinnedContract(step.chainId);
  if (step.contract.toLowerCase() !== contract.toLowerCase()) {
    throw new WalletTrouble("This step names another contract than this page knows. Nothing was sent.", "contract");
  }
  const { move, trade, signature } = step;
  const given = step.arguments;
  const deadline = BigInt(step.deadline);
  if (move === "withdraw") {
    return contractCall(contract, "withdrawBySig", given["account"], given["token"], BigInt(given["amount"] ?? 0), given["to"], deadline, signature);
  }
  if (move === "settle") {
    return escrowCall(contract, move, trade, BigInt(given["toBuyer"] ?? 0), deadline, signature, step.buyerSignature ?? "0x");
  }
  const known = MOVES[move];
  if (!known?.primary) throw new WalletTrouble("This page does not know this step. Nothing was sent.", "unknown_step");
  const own = known.arguments.map((argument) => asCallValue(argument, given[argument] ?? ""));
  if (move === "dispute") own.push(step.signer);
  return escrowCall(contract, `${move}BySig`, trade, ...own, deadline, signature);
}
