/** Evidence in one file: made of a transcript, and checked by anybody without the hub (docs/CHAT.md "Evidence"). */

import { keccak256 } from "viem/utils";

import { type Binding, spelt, type Voucher, voucherOf } from "./binding.ts";
import { BadSeal, type Bytes, fromHex, hex, label, concat, must, sha256, textOf, toBase64, utf8 } from "./bytes.ts";
import { type Signer, sign, verifies } from "./keys.ts";
import { canonicalJson, type Content, deviceOf, OPENING, parseCanonical, type Plain, roomId } from "./layout.ts";
import { isKind, isReceipt } from "./log.ts";
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
  must(isRecord(value), "This file is no evidence bundle.");
  const file = value as unknown as File;
  must(file.kind === KIND && file.v === 1, "This file is no evidence bundle of a known version.");
  must(Object.keys(value).sort().join() === FIELDS.join(), "The bundle has fields too many or too few.");
  const isShaped =
    [file.by, file.contract, file.hub, file.name, file.trade, file.signature].every((field) => typeof field === "string") &&
    [file.bindings, file.entries, file.statements].every(Array.isArray) &&
    isRecord(value.receipt ?? null) && Object.keys(file.receipt).join() === "at,head,seq,signature" &&
    [file.chainId, file.made, file.receipt.seq, file.receipt.at].every(isWhole) &&
    [file.receipt.head, file.receipt.signature, ...file.statements].every((field) => typeof field === "string");
  must(isShaped, "The bundle's fields are not of their types.");
  for (const [text, size] of [[file.by, 32], [file.contract, 20], [file.hub, 32], [file.signature, 64], [file.receipt.head, 32], [file.receipt.signature, 64]] as const) fromHex(text, size);
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
  must(isRecord(entry as unknown as Plain), "An entry of the file is malformed.");
  const seq = isWhole(entry.seq) ? entry.seq : 0;
  const none = { seq, at: isWhole(entry.at) ? entry.at : 0, address: "", text: "" };
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
  const line = lineOf(json);
  const params = Object.entries(line.params).map(([name, value]) => `${name} ${typeof value === "string" ? value : canonicalJson(value)}`);
  return [line.by, line.code.replaceAll("_", " "), params.join(", ")].filter(Boolean).join(": ");
}

/** An entry in its one shape. @throws BadSeal */
function sentOf(entry: File["entries"][number]): Sent {
  const { seq, at, body, hash, kind, key } = entry;
  const fields = Object.keys(entry).sort().join();
  must(isWhole(seq) && (fields === "hash,seq" || fields === "at,body,key,kind,seq"), "It is malformed.");
  if (fields === "hash,seq") {
    must(typeof hash === "string", "It is malformed.");
    return { seq, kind: "", hash };
  }
  must(isWhole(at) && typeof body === "string" && typeof key === "string" && isKind(kind), "It is malformed.");
  must(key === "" || kind === "message", "It is malformed.");
  if (key) fromHex(key, 32);
  const bytes = fromHex(body);
  if (kind !== "system" && kind !== "staff") return { seq, kind, at, body: toBase64(bytes) };
  lineOf(textOf(bytes));
  return { seq, kind, at, data: textOf(bytes) };
}

const isWhole = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** The content of a line of the hub. @throws BadSeal */
function lineOf(json: string): { by: string; code: string; params: { [key: string]: Plain } } {
  const line = parseCanonical(json);
  const isLine =
    isRecord(line) && Object.keys(line).join() === "by,code,params" && typeof line.by === "string" && typeof line.code === "string" && isRecord(line.params ?? null);
  must(isLine, "The line is none of the hub's.");
  return line as { by: string; code: string; params: { [key: string]: Plain } };
}

const isRecord = (value: Plain): value is { [key: string]: Plain } => value !== null && typeof value === "object" && !Array.isArray(value);

const said = (content: Content): { is: "message" | "opening"; text: string } => ({ is: content.type === OPENING ? "opening" : "message", text: wordsIn(content) });

const reasonOf = (thrown: unknown): string => (thrown instanceof BadSeal ? thrown.message : "It could not be checked.");
