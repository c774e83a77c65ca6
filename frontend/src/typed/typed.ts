/** EIP-712 messages of Parley, made from the committed types; every integer travels as decimal text. */

import { deployments, domain, types } from "parley:chain";
import type { Hex } from "viem";
import { hashStruct, hashTypedData } from "viem/utils";

export type Primary =
  | "Trade" | "MarkPaid" | "Release" | "Cancel" | "Reclaim" | "GrantTime" | "Dispute" | "Settle" | "Rule" | "Withdraw"
  | "Agreement" | "Take" | "Offer";

export type Message = { [field: string]: MessageValue };
export type MessageValue = string | number | bigint | Message | Message[];

/** A message that does not have exactly the fields of its type. */
export class MessageRefused extends Error {}

export interface Domain {
  name: string;
  version: string;
  chainId: number;
  verifyingContract: Hex;
}

export interface Document {
  types: Record<string, { name: string; type: string }[]>;
  primaryType: Primary;
  domain: Domain;
  message: Message;
}

/** The pinned contract of a chain. @throws MessageRefused for a chain this page was not built for. */
export function pinnedContract(chainId: number): Hex {
  const deployment = deployments[String(chainId)];
  if (!deployment) throw new MessageRefused(`This page was not built for chain ${chainId}.`);
  return deployment.contract;
}

export const domainOf = (chainId: number, contract: Hex = pinnedContract(chainId)): Domain => ({
  ...domain,
  chainId,
  verifyingContract: contract,
});

const field = (type: string): { base: string; many: boolean } => ({ base: type.replace(/\[\]$/, ""), many: type.endsWith("[]") });

/** Walk a message by its type, turning each plain value with `leaf`. */
function walk(primary: string, message: Message, leaf: (type: string, value: MessageValue) => unknown): Record<string, unknown> {
  const fields = types[primary];
  if (!fields) throw new MessageRefused(`There is no type ${primary}.`);
  const one = (type: string, value: MessageValue): unknown =>
    types[type] ? walk(type, value as Message, leaf) : leaf(type, value);
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const value = message[name];
      if (value === undefined || value === null) throw new MessageRefused(`${primary} lacks ${name}.`);
      const { base, many } = field(type);
      return [name, many ? (value as Message[]).map((item) => one(base, item)) : one(base, value)];
    }),
  );
}

const isInteger = (type: string): boolean => /^u?int/.test(type);

const forHashing = (type: string, value: MessageValue): unknown => (isInteger(type) ? BigInt(value as string) : value);

const forWallet = (type: string, value: MessageValue): unknown => (isInteger(type) ? BigInt(value as string).toString() : value);

/** Exactly the fields of the type, integers as decimal text. @throws MessageRefused */
export const plain = (primary: Primary, message: Message): Message => walk(primary, message, forWallet) as Message;

/** The same with integers as bigint, as the contract's calls take them. */
export const values = (primary: Primary, message: Message): Record<string, unknown> => walk(primary, message, forHashing);

/** hashStruct: the id of a Trade, the terms of an Agreement, the name of an Offer. */
export const structHash = (primary: Primary, message: Message): Hex =>
  hashStruct({ primaryType: primary, types, data: walk(primary, message, forHashing) } as never);

/** What a wallet signs. */
export const digest = (primary: Primary, message: Message, chainId: number, contract?: Hex): Hex =>
  hashTypedData({
    domain: domainOf(chainId, contract),
    types,
    primaryType: primary,
    message: walk(primary, message, forHashing),
  } as never);

function reachable(primary: string): string[] {
  const found = new Set([primary]);
  for (const name of found) {
    for (const { type } of types[name] ?? []) if (types[field(type).base]) found.add(field(type).base);
  }
  return [...found];
}

/** The JSON that eth_signTypedData_v4 takes, for the pinned contract. */
export function walletDocument(primary: Primary, message: Message, chainId: number): Document {
  const used = ["EIP712Domain", ...reachable(primary)];
  return {
    types: Object.fromEntries(used.map((name) => [name, types[name] ?? []])),
    primaryType: primary,
    domain: domainOf(chainId),
    message: plain(primary, message),
  };
}
