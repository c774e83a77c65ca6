/** The trade sheet: all that a page knows of one trade, and the checks it must pass before anything is signed. */

import type { Hex } from "viem";
import { isAddressEqual, recoverTypedDataAddress } from "viem/utils";

import { embedded, getJson, postJson } from "./page.ts";
import { type Details, type Opening, opens } from "./typed/commitments.ts";
import { type Message, pinnedContract, structHash, walletDocument } from "./typed/typed.ts";
import type { TradeFields } from "./wallet/calls.ts";

export interface Sheet {
  ref: string;
  chainId: number;
  contract: Hex;
  viewer: Hex;
  role: "buyer" | "seller" | "arbitrator";
  status: string;
  outcome: string;
  trade: TradeFields;
  agreement: Message;
  take: { youPay: string; youGet: string; deadline: string; signature: Hex | null };
  asset: { symbol: string; decimals: number; token: Hex; hasPermit: boolean; permitName: string; permitVersion: string };
  tradeId: Hex;
  fundedAt: number | string;
  payBy: number | string;
  since: number | string;
  chainNow: number;
  payee: Opening | null;
  payer: Opening | null;
  settle: { toBuyer: string; deadline: string; signature: Hex | null; by: string } | null;
  urls: Record<string, string>;
}

/** The sheet contradicts itself, this page or what was signed. Nothing may be signed or paid. */
export class SheetMismatch extends Error {
  readonly what: string;

  constructor(text: string, what: string) {
    super(text);
    this.what = what;
  }
}

/** The contract's clock runs this much longer than the time to pay that people are told. */
export const LATE_SECONDS = 600;

const STOP = "This page stopped: what the hub shows does not match what was agreed. Nothing was signed or sent. Do not pay. Tell the other side and keep this page.";
const SIGNED = "parley:take:";

/** The newest sheet: asked again from the server, else the one in the page. */
export async function currentSheet(url?: string): Promise<Sheet> {
  const here = embedded<Sheet>("trade-sheet");
  const from = url ?? here?.urls["sheet"];
  if (!from) throw new SheetMismatch("This page holds no trade. Reload it.", "no_sheet");
  return getJson<Sheet>(from);
}

/** Everything of the signed Take. */
export const takeMessage = (sheet: Sheet, deadline = sheet.take.deadline): Message => ({
  youPay: sheet.take.youPay,
  youGet: sheet.take.youGet,
  trade: sheet.trade as unknown as Message,
  agreement: sheet.agreement,
  deadline,
});

/** Remember, in this browser, which terms the buyer signed. */
export const rememberTake = (sheet: Sheet): void =>
  localStorage.setItem(SIGNED + sheet.ref, JSON.stringify({ id: sheet.tradeId, terms: sheet.trade.terms }));

function mustMatch(met: boolean, what: string): void {
  if (!met) throw new SheetMismatch(STOP, what);
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * Check the sheet against this bundle and against itself: chain, contract, id and terms.
 *
 * @throws SheetMismatch
 */
export function checkSheet(sheet: Sheet): void {
  mustMatch(same(sheet.contract, pinnedContract(sheet.chainId)), "contract");
  mustMatch(same(structHash("Agreement", sheet.agreement), sheet.trade.terms), "terms");
  mustMatch(same(structHash("Trade", sheet.trade as unknown as Message), sheet.tradeId), "trade");
  const mine = { buyer: sheet.trade.buyer, seller: sheet.trade.seller, arbitrator: sheet.trade.arbitrator }[sheet.role];
  mustMatch(same(mine, sheet.viewer), "role");
}

/**
 * Check that the buyer signed exactly this trade: this browser's own memory first, then the signature.
 * A contract wallet's signature cannot be recovered here; the server and the contract ask the wallet itself.
 *
 * @throws SheetMismatch
 */
export async function checkTake(sheet: Sheet): Promise<void> {
  const kept = localStorage.getItem(SIGNED + sheet.ref);
  if (kept && sheet.role === "buyer") {
    const { id, terms } = JSON.parse(kept) as { id: string; terms: string };
    return mustMatch(same(id, sheet.tradeId) && same(terms, sheet.trade.terms), "take");
  }
  const { signature } = sheet.take;
  mustMatch(signature !== null, "unsigned");
  if (signature?.length !== 132) return;
  const signer = await recoverTypedDataAddress({ ...walletDocument("Take", takeMessage(sheet), sheet.chainId), signature } as never);
  mustMatch(isAddressEqual(signer, sheet.trade.buyer), "take");
}

/**
 * The payee's account, only if it is the one committed in the terms of this very trade.
 *
 * @throws SheetMismatch
 */
export function openPayee(sheet: Sheet): Details {
  return openAccount(sheet, sheet.payee, "payeeCommitment");
}

/** The payer's account, under the same condition. @throws SheetMismatch */
export function openPayer(sheet: Sheet): Details {
  return openAccount(sheet, sheet.payer, "payerCommitment");
}

function openAccount(sheet: Sheet, opening: Opening | null, field: "payeeCommitment" | "payerCommitment"): Details {
  checkSheet(sheet);
  if (!opening) throw new SheetMismatch("The account is not shown right now.", "hidden");
  mustMatch(opens(opening, String(sheet.agreement[field])), field);
  return opening.details;
}

/** Tell the hub's operators that a page refused; failing to tell changes nothing here. */
export async function reportMismatch(sheet: Sheet | null, what: string, url?: string): Promise<void> {
  const to = url ?? sheet?.urls["report"];
  if (to) await postJson(to, { what, ref: sheet?.ref ?? "", tradeId: sheet?.tradeId ?? "" }).catch(() => undefined);
}
