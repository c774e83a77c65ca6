/** What a wallet, the network or the contract refused, in sentences: what happened, what is safe, what to do. */

import { abi, sentences, statuses } from "parley:chain";
import type { Hex } from "viem";
import { decodeErrorResult } from "viem/utils";

import { momentText, spanText } from "../clock.ts";
import { short } from "../dom.ts";
import { BadAmount } from "../money.ts";
import { Problem } from "../page.ts";

/** A refusal that has its words already. `calm` = nothing is wrong, somebody just said no. */
export class WalletTrouble extends Error {
  readonly code: string;
  readonly calm: boolean;
  readonly detail: string;

  constructor(text: string, code: string, { calm = false, detail = "" } = {}) {
    super(text);
    this.code = code;
    this.calm = calm;
    this.detail = detail;
  }
}

interface Raw {
  code?: number | string;
  message?: string;
  data?: unknown;
  cause?: unknown;
  error?: unknown;
  originalError?: unknown;
}

const WORDS: Record<number, [string, boolean]> = {
  4001: ["You closed the wallet request. Nothing was sent.", true],
  [-32002]: ["Your wallet is already asking. Open it to continue.", true],
  4100: ["Your wallet has not allowed this page to use that account. Connect the account again.", false],
  4200: ["This wallet cannot do that. Nothing was sent. Use another wallet for this step.", false],
  [-32601]: ["This wallet cannot do that. Nothing was sent. Use another wallet for this step.", false],
  [-32004]: ["This wallet cannot do that. Nothing was sent. Use another wallet for this step.", false],
  4900: ["Your wallet lost its network. Nothing was sent. Try again when it is back.", false],
  4901: ["Your wallet lost its network. Nothing was sent. Try again when it is back.", false],
  4902: ["Your wallet does not know this network. Nothing was sent. Add it in the wallet, then try again.", false],
};
const SHORT_OF_COINS = "The wallet holds too little for this and its network fee. Nothing was sent. Add coins, then try again.";
const NODE_SAID_NO = "The network refused this. Nothing was sent. Try again in a moment.";
const UNKNOWN = "Something went wrong before anything was sent. Try again.";

/** Any thrown thing as one sentence. */
export function troubleOf(thrown: unknown): WalletTrouble {
  if (thrown instanceof WalletTrouble) return thrown;
  if (thrown instanceof Problem) return new WalletTrouble(thrown.message, thrown.code);
  if (thrown instanceof BadAmount) return new WalletTrouble(thrown.message, "amount");
  const layers = unwrap(thrown);
  const detail = layers.map(({ code, message }) => [code, message].filter(Boolean).join(" ")).filter(Boolean).join(" · ");
  const reverted = layers.map(revertData).find(Boolean);
  if (reverted) return new WalletTrouble(contractSentence(reverted), "reverted", { detail });
  for (const { code } of layers) {
    const known = WORDS[Number(code)];
    if (known) return new WalletTrouble(known[0], String(code), { calm: known[1], detail });
  }
  if (/insufficient funds|exceeds (the )?balance/i.test(detail)) return new WalletTrouble(SHORT_OF_COINS, "short", { detail });
  if (/user (rejected|denied)/i.test(detail)) return new WalletTrouble(WORDS[4001]![0], "4001", { calm: true, detail });
  const isNode = layers.some(({ code }) => Number(code) <= -32000);
  return new WalletTrouble(isNode ? NODE_SAID_NO : UNKNOWN, isNode ? "node" : "unknown", { detail: detail || String(thrown) });
}

/** Whether a wallet says that it does not know the chain, plainly or wrapped (some phones). */
export const isUnknownChain = (thrown: unknown): boolean => unwrap(thrown).some(({ code }) => Number(code) === 4902);

/** Whether a wallet says that it has no such method. */
export const isUnknownMethod = (thrown: unknown): boolean =>
  unwrap(thrown).some(({ code }) => [4200, -32601, -32004].includes(Number(code)));

function unwrap(thrown: unknown): Raw[] {
  const layers: Raw[] = [];
  const visit = (value: unknown): void => {
    if (!value || typeof value !== "object" || layers.length > 8) return;
    const raw = value as Raw;
    layers.push(raw);
    for (const inner of [raw.data, raw.originalError, raw.error, raw.cause]) visit(inner);
  };
  visit(thrown);
  return layers;
}

const HEX = /0x[0-9a-f]{8,}/i;

function revertData({ data, message, code }: Raw): Hex | undefined {
  if (typeof data === "string" && HEX.test(data)) return HEX.exec(data)?.[0] as Hex;
  const isRevert = Number(code) === 3 || /revert/i.test(message ?? "");
  return isRevert ? (HEX.exec(message ?? "")?.[0] as Hex | undefined) : undefined;
}

/** A contract error in words; its own values are put in readably. */
export function contractSentence(data: Hex): string {
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: abi as never, data }) as { errorName: string; args?: readonly unknown[] };
    if (errorName === "Error") return sentences["Reason"] ?? NODE_SAID_NO;
    const inputs = abi.find(({ name, type }) => type === "error" && name === errorName)?.inputs ?? [];
    const values = Object.fromEntries(inputs.map(({ name }, at) => [name, readable(errorName, name, args[at])]));
    return (sentences[errorName] ?? sentences["Unknown"] ?? NODE_SAID_NO).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  } catch {
    return sentences["Unknown"] ?? NODE_SAID_NO;
  }
}

const TIMES = new Set(["time", "from", "until", "deadline", "payBy"]);

function readable(error: string, name: string, value: unknown): string {
  if (name === "status") return statuses[String(value)] ?? String(value);
  if (typeof value === "string") return short(value);
  const isMoment = TIMES.has(name) || (error === "PayByOutOfRange" && (name === "min" || name === "max"));
  if (isMoment) return momentText(Number(value));
  return error.endsWith("WindowOutOfRange") ? spanText(Number(value)) : String(value);
}
