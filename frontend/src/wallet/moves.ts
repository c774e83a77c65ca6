/** The moves of a trade as a table: what is signed, for how long, and how a call is made instead. */

import type { Hex } from "viem";

import { chainNow } from "../clock.ts";
import { baseUnits, written } from "../money.ts";
import type { Sheet } from "../sheet.ts";
import type { Message, Primary } from "../typed/typed.ts";
import { type Call, escrowCall } from "./calls.ts";
import { WalletTrouble } from "./trouble.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

export interface Move {
  primary?: Primary;
  /** Names of its own arguments, in the order of message and call. */
  arguments: string[];
  /** How long a signature stays good, on the chain's clock. */
  deadline?: (sheet: Sheet) => number;
}

const soon = (): number => chainNow() + HOUR;
const tomorrow = (): number => chainNow() + DAY;

export const MOVES: Record<string, Move> = {
  markPaid: { primary: "MarkPaid", arguments: [], deadline: (sheet) => Math.max(soon(), Number(sheet.payBy) + DAY) },
  release: { primary: "Release", arguments: [], deadline: soon },
  cancel: { primary: "Cancel", arguments: [], deadline: soon },
  reclaim: { primary: "Reclaim", arguments: [], deadline: soon },
  grantTime: { primary: "GrantTime", arguments: ["newPayBy"], deadline: soon },
  dispute: { primary: "Dispute", arguments: ["evidence"], deadline: tomorrow },
  settle: { primary: "Settle", arguments: ["toBuyer"], deadline: tomorrow },
  rule: { primary: "Rule", arguments: ["toBuyer", "evidence"], deadline: tomorrow },
  timeout: { arguments: [] },
};

/** Moves that give coins away: the person must have ticked what he sees in his own bank. */
export const needsStatement = (name: string, sheet: Sheet): boolean =>
  name === "release" || (name === "cancel" && sheet.status !== "FUNDED");

/** A move's own arguments out of the form's named inputs, integers as decimal text. @throws BadAmount, WalletTrouble */
export function argumentsOf(name: string, form: HTMLFormElement, sheet: Sheet): Record<string, string> {
  const values = new FormData(form);
  return Object.fromEntries(
    (MOVES[name]?.arguments ?? []).map((argument) => {
      const text = String(values.get(argument) ?? "").trim();
      if (!text) throw new WalletTrouble("Fill in the missing value first.", "missing");
      const input = form.elements.namedItem(argument);
      const decimals = input instanceof HTMLElement ? input.dataset["decimals"] : undefined;
      const value = decimals === undefined ? text : baseUnits(written(text), Number(decimals)).toString();
      if (argument === "toBuyer" && BigInt(value) > BigInt(sheet.trade.amount)) {
        throw new WalletTrouble("The buyer's part is larger than the amount that is locked. Enter a smaller part.", "share");
      }
      return [argument, value];
    }),
  );
}

/** What is signed. */
export const messageOf = (name: string, sheet: Sheet, own: Record<string, string>, deadline: number): [Primary, Message] => {
  const primary = MOVES[name]?.primary;
  if (!primary) throw new WalletTrouble("This step is sent, not signed.", "not_signable");
  return [primary, { trade: sheet.trade as unknown as Message, fundedAt: String(sheet.fundedAt), ...own, deadline: String(deadline) }];
};

/** The same as a call that the person sends himself. An accepted split carries the other side's signature. */
export function callOf(name: string, sheet: Sheet, own: Record<string, string>): Call {
  const { contract, trade, settle, role } = sheet;
  if (name !== "settle") {
    const values = (MOVES[name]?.arguments ?? []).map((argument) => asCallValue(argument, own[argument] ?? ""));
    return escrowCall(contract, name, trade, ...values);
  }
  if (!settle?.signature) throw new WalletTrouble("There is no split to accept. Reload the page.", "no_split");
  const theirs = settle.signature;
  const signatures: [Hex, Hex] = role === "buyer" ? [theirs, "0x"] : ["0x", theirs];
  return escrowCall(contract, name, trade, BigInt(settle.toBuyer), BigInt(settle.deadline), ...signatures);
}

/** A move's own argument as the contract's interface takes it. */
export const asCallValue = (argument: string, text: string): unknown =>
  argument === "evidence" ? text : argument === "newPayBy" ? Number(text) : BigInt(text);
