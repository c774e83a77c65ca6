/** What is about to be signed or sent, in words. What cannot be read is refused, not signed "anyway". */

import { abi, deployments, tokenAbi } from "parley:chain";
import type { Abi, Hex } from "viem";
import { decodeFunctionData } from "viem/utils";

import { momentText, spanText } from "../clock.ts";
import { address } from "../dom.ts";
import { amountText, groupedText } from "../money.ts";
import { LATE_SECONDS } from "../sheet.ts";

export interface Words {
  title: string;
  lines: [name: string, value: string | HTMLElement][];
  /** Nothing leaves the wallet by this. */
  isFree: boolean;
}

type Fields = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

interface Coin {
  symbol: string;
  decimals: number;
}

function coinOf(chainId: number, token: unknown): Coin {
  const known = deployments[String(chainId)]?.assets.find((asset) => asset.token.toLowerCase() === String(token).toLowerCase());
  return known ?? { symbol: "base units", decimals: 0 };
}

const coins = (units: unknown, { symbol, decimals }: Coin): string => `${groupedText(amountText(BigInt(text(units)), decimals, Math.min(decimals, 2)))} ${symbol}`;

const TITLES: Record<string, string> = {
  Take: "Agree to these terms",
  Offer: "Publish this offer",
  MarkPaid: "Say that you have paid",
  Release: "Give the coins to the buyer",
  Cancel: "Give the coins back to the seller",
  Reclaim: "Take your coins back",
  GrantTime: "Give the buyer more time",
  Dispute: "Ask the arbitrator",
  Settle: "Agree to this split",
  Rule: "Decide this case",
  Withdraw: "Withdraw your coins",
  Permit: "Allow exactly this amount",
};

function tradeLines(chainId: number, trade: Fields): Words["lines"] {
  return [
    ["Locked", coins(trade["amount"], coinOf(chainId, trade["token"]))],
    ["Seller", address(text(trade["seller"]))],
    ["Buyer", address(text(trade["buyer"]))],
    ["Who judges", address(text(trade["arbitrator"]))],
  ];
}

function share(chainId: number, { trade, toBuyer }: Fields): Words["lines"] {
  if (toBuyer === undefined || !trade) return [];
  const { amount, token } = trade as Fields;
  const coin = coinOf(chainId, token);
  return [
    ["To the buyer", coins(toBuyer, coin)],
    ["To the seller", coins(BigInt(text(amount)) - BigInt(text(toBuyer)), coin)],
  ];
}

/** A typed message in words, or null when it is not one of ours. */
export function wordsOfTyped(document: { primaryType: string; domain: Fields; message: Fields }): Words | null {
  const { primaryType, message, domain } = document;
  const chainId = Number(domain["chainId"]);
  const title = TITLES[primaryType];
  const contract = deployments[String(chainId)]?.contract.toLowerCase();
  const isPermit = primaryType === "Permit";
  if (!title || !contract) return null;
  if (isPermit ? text(message["spender"]).toLowerCase() !== contract : text(domain["verifyingContract"]).toLowerCase() !== contract) return null;
  return { title, lines: [...linesOf(primaryType, chainId, message, domain), ...deadline(message)], isFree: true };
}

function deadline(message: Fields): Words["lines"] {
  return message["deadline"] === undefined ? [] : [["Good until", momentText(Number(message["deadline"]))]];
}

function linesOf(primary: string, chainId: number, message: Fields, domain: Fields): Words["lines"] {
  const trade = message["trade"] as Fields | undefined;
  if (primary === "Permit") return [["Amount", coins(message["value"], coinOf(chainId, domain["verifyingContract"]))], ["To", "the Parley contract, for this trade"]];
  if (primary === "Offer") return offerLines(chainId, message);
  if (primary === "Withdraw") return [["Amount", coins(message["amount"], coinOf(chainId, message["token"]))], ["To", address(text(message["to"]))]];
  if (!trade) return [];
  const head: Words["lines"] = primary === "Take" ? [["You pay", text(message["youPay"])], ["You get", text(message["youGet"])], ["Time to pay", spanText(Number(trade["payWindow"]) - LATE_SECONDS)]] : [];
  const time: Words["lines"] = message["newPayBy"] === undefined ? [] : [["New time to pay", momentText(Number(message["newPayBy"]))]];
  return [...head, ...share(chainId, message), ...time, ...tradeLines(chainId, trade)];
}

function offerLines(chainId: number, offer: Fields): Words["lines"] {
  const coin = coinOf(chainId, offer["asset"]);
  const methods = (offer["methods"] as Fields[]).map((method) => text(method["method"])).join(", ");
  const price = offer["priceKind"] === "fixed" ? `${text(offer["price"])} ${text(offer["currency"])}` : `market ${text(offer["price"])} %`;
  return [
    ["You", `${text(offer["side"])} ${coin.symbol} for ${text(offer["currency"])}`],
    ["Price", price],
    ["Per trade", `${text(offer["minFiat"])} to ${text(offer["maxFiat"])} ${text(offer["currency"])}`],
    ["In all", coins(offer["stock"], coin)],
    ["By", methods],
    ["Until", momentText(Number(offer["expiry"]))],
  ];
}

const CALLS: Record<string, string> = {
  fund: "Lock the coins",
  fundWithPermit: "Lock the coins",
  markPaid: "Say that you have paid",
  release: "Give the coins to the buyer",
  cancel: "Give the coins back to the seller",
  reclaim: "Take your coins back",
  grantTime: "Give the buyer more time",
  dispute: "Ask the arbitrator",
  settle: "Agree to this split",
  rule: "Decide this case",
  timeout: "End this trade by its clock",
  withdraw: "Withdraw your coins",
};

/** A transaction in words, or null when it is no call of Parley or of a coin it knows. */
export function wordsOfCall(chainId: number, call: { to?: string; data?: Hex; value?: Hex }): Words | null {
  const deployment = deployments[String(chainId)];
  const to = call.to?.toLowerCase();
  if (!deployment || !to) return null;
  try {
    if (to === deployment.contract.toLowerCase()) return escrowWords(chainId, call.data ?? "0x");
    if (deployment.assets.some(({ token }) => token.toLowerCase() === to)) return tokenWords(chainId, to, deployment.contract, call.data ?? "0x");
  } catch {
    return null;
  }
  return null;
}

function escrowWords(chainId: number, data: Hex): Words | null {
  const { functionName, args = [] } = decodeFunctionData({ abi: abi as unknown as Abi, data }) as { functionName: string; args?: readonly unknown[] };
  const title = CALLS[functionName];
  if (!title) return null;
  if (functionName === "withdraw") return { title, lines: [["To", address(text(args[1]))]], isFree: false };
  const trade = args[0] as Fields;
  const takesShare = functionName === "settle" || functionName === "rule";
  const part = takesShare ? share(chainId, { trade, toBuyer: args[1] }) : [];
  const time: Words["lines"] = functionName === "grantTime" ? [["New time to pay", momentText(Number(args[1]))]] : [];
  return { title, lines: [...part, ...time, ...tradeLines(chainId, trade)], isFree: false };
}

function tokenWords(chainId: number, token: string, contract: string, data: Hex): Words | null {
  const { functionName, args = [] } = decodeFunctionData({ abi: tokenAbi as unknown as Abi, data }) as { functionName: string; args?: readonly unknown[] };
  if (functionName !== "approve" || text(args[0]).toLowerCase() !== contract.toLowerCase()) return null;
  return { title: "Allow exactly this amount", lines: [["Amount", coins(args[1], coinOf(chainId, token))], ["To", "the Parley contract, for this trade"]], isFree: false };
}
