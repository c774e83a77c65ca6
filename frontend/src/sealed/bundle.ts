/** Evidence in one file: made of a transcript, and checked by anybody without the hub (docs/CHAT.md "Evidence"). */

import { keccak256 } from "viem/utils";

import { type Binding, spelt, type Voucher, voucherOf } from "./binding.ts";
import { BadSeal, type Bytes, fromHex, hex, label, concat, must, sha256, textOf, toBase64, utf8 } from "./bytes.ts";
import { type Signer, sign, verifies } from "./keys.ts";
import { canonicalJson, type Content, deviceOf, OPENING, parseCanonical, type Plain, roomId } from "./layout.ts";
import { isKind, isReceipt, type Kind } from "./log.ts";
import { open } from "./messages.ts";
import { type Checked, type Sent, Transcript } from "./transcript.ts";
import { wordsIn } from "./words.ts";

const KIND = "parley evidence";
const MOST_BYTES = 64 * 1024 * 1024;

export interface Receipt {
  at: number;
  head: string;
  seq: number;
  signature: string;
}

export interface Source {
  transcript: Transcript;
  chainId: number;
  contract: string;
  /** The room's name, and the trade's id on the contract or an empty text. */
  name: string;
  trade: string;
  hub: string;
  receipt: Receipt;
  bindings: Binding[];
  /** The message keys to give, by the message's name in hex. */
  keys: Map<string, Bytes>;
  made: number;
}

/** The file's text. Everything but messages without a key is in it in full. */
export async function makeBundle(source: Source, signer: Signer): Promise<string> {
  const { transcript, keys } = source;
  const body: { [key: string]: Plain } = {
    bindings: source.bindings.map(({ address, message, signature }) => ({ address: address.toLowerCase(), message, signature })),
    by: hex(deviceOf(signer.signing, signer.agreement)),
    chainId: source.chainId,
    contract: source.contract.toLowerCase().replace(/^0x/, ""),
    entries: transcript.entries.map((entry) => entryOf(entry, keys)),
    hub: source.hub,
    kind: KIND,
    made: source.made,
    name: source.name,
    receipt: { ...source.receipt },
    statements: [...new Set(transcript.entries.filter(({ kind }) => kind === "key").map(({ content }) => hex(content ?? new Uint8Array())))],
    trade: source.trade,
    v: 1,
  };
  const signature = await sign(signer.secret, await signedBytes(body));
  return canonicalJson({ ...body, signature: hex(signature) });
}

function entryOf(entry: Checked, keys: Map<string, Bytes>): Plain {
  const key = keys.get(entry.name);
  const { at, seq, kind, content } = entry;
  if (!content || (kind === "message" && !key)) return { hash: hex(entry.hash), seq };
  return { at, body: hex(content), key: key ? hex(key) : "", kind, seq };
}

const signedBytes = async (body: { [key: string]: Plain }): Promise<Bytes> => concat(label("parley bundle 1"), await sha256(utf8(canonicalJson(body))));

// --- checking ------------------------------------------------------------------------------------

/** One number of the log, as far as the file shows it. */
export interface Found {
  seq: number;
  is: "message" | "opening" | "line" | "key" | "closed" | "bad";
  at: number;
  /** The account that wrote it. */
  address: string;
  text: string;
  voucher?: Voucher;
  why?: string;
}

export interface Verdict {
  room: { chainId: number; contract: string; name: string; trade: string };
  by: { device: string; address: string; isSigned: boolean; voucher?: Voucher };
  made: number;
  hash: string;
  /** The key under the receipt, hex: compare it with the one the hub publishes. */
  hub: string;
  isWhole: boolean;
  hasReceipt: boolean;
  /** Sites whose sign-in messages bind the devices. */
  sites: string[];
  entries: Found[];
  faults: string[];
}

interface File {
  bindings: Binding[];
  by: string;
  chainId: number;
  contract: string;
  entries: { at?: number; body?: string; hash?: string; key?: string; kind?: string; seq: number }[];
  hub: string;
  kind: string;
  made: number;
  name: string;
  receipt: Receipt;
  statements: string[];
  trade: string;
  v: number;
  signature: string;
}

const FIELDS = ["bindings", "by", "chainId", "contract", "entries", "hub", "kind", "made", "name", "receipt", "signature", "statements", "trade", "v"];

/** What a bundle proves, line by line. @throws BadSeal if the file is no bundle at all. */
export async function verifyBundle(bytes: Uint8Array): Promise<Verdict> {
  must(bytes.length <= MOST_BYTES, "The file is too large for a bundle.");
  const file = parseBundle(bytes);
  const room = await roomId(file.chainId, file.contract, file.name);
  const transcript = await Transcript.of(room, fromHex(file.hub, 32));
  const devices = await devicesOf(file);
  const by = devices.get(file.by);
  const { signature, ...body } = file;
  const isSigned = by !== undefined && (await verifies(by.signing, fromHex(signature, 64), await signedBytes(body as unknown as { [key: string]: Plain })));
  const faults: string[] = [];
  for (const text of file.statements) {
    try {
      await transcript.know(fromHex(text));
    } catch {
      faults.push("A key statement of the file does not hold.");
    }
  }
  const entries: Found[] = [];
  for (const entry of file.entries) entries.push(await found(entry, transcript, devices, faults));
  const { receipt } = file;
  const head = transcript.headAt(receipt.seq);
  const isLast = receipt.seq === transcript.seq;
  const hasReceipt =
    isLast && head !== undefined && hex(head) === receipt.head &&
    (await isReceipt(fromHex(file.hub, 32), fromHex(receipt.signature, 64), room, receipt.seq, receipt.at, head));
  faults.push(...transcript.contradictions);
  return {
    room: { chainId: file.chainId, contract: file.contract, name: file.name, trade: file.trade },
    by: { device: file.by, address: by?.address ?? "", isSigned, ...(by ? { voucher: by.voucher } : {}) },
    made: file.made,
    hash: keccak256(bytes),
    hub: file.hub,
    isWhole: isSigned && hasReceipt && !faults.length && entries.every(({ is }) => is !== "bad"),
    hasReceipt,
    sites: [...new Set([...devices.values()].map(({ site }) => site))],
    entries,
    faults,
  };
}

function parseBundle(bytes: Uint8Array): File {
  const value = parseCanonical(textOf(bytes));
  must(value !== null && typeof value === "object" && !Array.isArray(value), "This file is no evidence bundle.");
  const file = value as unknown as File;
  must(file.kind === KIND && file.v === 1, "This file is no evidence bundle of a known version.");
  must(Object.keys(value).sort().join() === FIELDS.join(), "The bundle has fields too many or too few.");
  const isShaped =
    [file.by, file.contract, file.hub, file.name, file.trade, file.signature].every((field) => typeof field === "string") &&
    [file.chainId, file.made, file.receipt?.seq, file.receipt?.at].every(Number.isSafeInteger) &&
    [file.bindings, file.entries, file.statements].every(Array.isArray);
  must(isShaped, "The bundle's fields are not of their types.");
  return file;
}

interface Bound {
  address: string;
  signing: Bytes;
  site: string;
  voucher: Voucher;
}

async function devicesOf(file: File): Promise<Map<string, Bound>> {
  const devices = new Map<string, Bound>();
  for (const binding of file.bindings) {
    try {
      const { device, signing, origin } = spelt(binding.message, { chainId: file.chainId });
      const voucher = await voucherOf(binding, { chainId: file.chainId });
      devices.set(hex(device), { address: binding.address.toLowerCase(), signing, site: origin, voucher });
    } catch {
      // A binding that does not hold binds nothing; what depends on it is reported there.
    }
  }
  return devices;
}

async function found(entry: File["entries"][number], transcript: Transcript, devices: Map<string, Bound>, faults: string[]): Promise<Found> {
  const { seq } = entry;
  const none = { seq, at: entry.at ?? 0, address: "", text: "" };
  let checked: Checked;
  try {
    checked = await transcript.take(sentOf(entry));
  } catch (thrown) {
    faults.push(`Number ${seq}: ${reasonOf(thrown)}`);
    return { ...none, is: "bad", why: reasonOf(thrown) };
  }
  if (!checked.content) return { ...none, is: "closed" };
  const { kind, envelope, statement } = checked;
  if (kind === "system" || kind === "staff") return { ...none, is: "line", text: wordsOf(textOf(checked.content)) };
  const bound = statement && devices.get(hex(statement.statement.device));
  const address = statement ? `0x${hex(statement.statement.address)}` : "";
  const mine = { ...none, address, ...(bound ? { voucher: bound.voucher } : {}) };
  if (checked.fault) return { ...mine, is: "bad", why: checked.fault };
  if (bound?.address !== address) return { ...mine, is: "bad", why: "Its device is not bound to the account by a sign-in in this file." };
  if (kind === "key" || !envelope) return { ...mine, is: "key" };
  // Shown as it was stored, without its key.
  if (!entry.key) return { ...mine, is: "closed" };
  try {
    return { ...mine, ...said(await open(envelope, fromHex(entry.key, 32))) };
  } catch (thrown) {
    return { ...mine, is: "bad", why: reasonOf(thrown) };
  }
}

/** A line's canonical JSON as words; its sentence is the hub's and is not part of what is signed. */
function wordsOf(json: string): string {
  const line = parseCanonical(json) as { by?: string; code?: string; params?: { [key: string]: Plain } };
  const params = Object.entries(line.params ?? {}).map(([name, value]) => `${name} ${typeof value === "string" ? value : canonicalJson(value)}`);
  return [line.by, line.code?.replaceAll("_", " "), params.join(", ")].filter(Boolean).join(": ");
}

function sentOf({ seq, at, body, hash, kind }: File["entries"][number]): Sent {
  if (typeof body !== "string") return { seq, kind: "", hash: hash ?? "" };
  must(isKind(kind), "This kind of entry is unknown.");
  const bytes = fromHex(body);
  const isLine = (kind as Kind) === "system" || (kind as Kind) === "staff";
  return { seq, kind, at: at ?? 0, ...(isLine ? { data: textOf(bytes) } : { body: toBase64(bytes) }) };
}

const said = (content: Content): { is: "message" | "opening"; text: string } => ({ is: content.type === OPENING ? "opening" : "message", text: wordsIn(content) });

const reasonOf = (thrown: unknown): string => (thrown instanceof BadSeal ? thrown.message : "It could not be checked.");
