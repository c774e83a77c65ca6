/** Where each byte of a key statement, an envelope and a plaintext lies (docs/CHAT.md). No keys, no page. */

import { keccak256 } from "viem/utils";

import { type Bytes, concat, from0x, fromHex, hex, isZero, label, must, Reader, same, sha256, textOf, u8, u32, u64, utf8 } from "./bytes.ts";

export const VERSION = 1;
/** How a room key came to be: made for its room, of the stock, the last of the stock. */
export const MADE = 1;
export const STOCK = 2;
export const LAST = 3;
export const TEXT = 1;
export const ACCOUNT = 2;
export const FILE = 3;
export const OPENING = 4;

export const STATEMENT_BYTES = 256;
export const MOST_TEXT_BYTES = 4_000;
export const MOST_WRAPS = 16;
export const MOST_OPENED = 120;
const BUCKETS = [256, 512, 1024, 2048, 4096, 8192];
const MOST_DEPTH = 8;
const TAG = 16;
const SIGNATURE = 64;
const FIXED = 32 + 1 + 4;
const PM = utf8("PM");
const PK = utf8("PK");

export interface Statement {
  bytes: Bytes;
  kind: number;
  room: Bytes;
  address: Bytes;
  device: Bytes;
  signing: Bytes;
  agreement: Bytes;
  key: Bytes;
  /** Unix seconds. */
  made: number;
  signature: Bytes;
}

export interface Front {
  room: Bytes;
  address: Bytes;
  device: Bytes;
  /** The name of the sender's key statement. */
  statement: Bytes;
  clientId: Bytes;
  index: number;
  previous: Bytes;
  seen: number;
  seenHead: Bytes;
  /** Unix seconds, by the sender's clock. */
  at: number;
}

export interface Wrap {
  name: Bytes;
  key: Bytes;
}

export interface Envelope extends Front {
  bytes: Bytes;
  front: Bytes;
  commitment: Bytes;
  wraps: Wrap[];
  ciphertext: Bytes;
  signature: Bytes;
}

export interface Content {
  type: number;
  content: Bytes;
}

export interface Opened {
  name: Bytes;
  key: Bytes;
}

/** The room's id; nothing said in one room means anything in another. */
export const roomId = (chainId: number, contract: string, name: string): Promise<Bytes> =>
  sha256(label("parley room 1"), u64(chainId), from0x(contract, 20), utf8(name));

/** The hash that names a device: keccak256(S ‖ A). */
export const deviceOf = (signing: Uint8Array, agreement: Uint8Array): Bytes => fromHex(keccak256(concat(signing, agreement)).slice(2));

// --- key statements ------------------------------------------------------------------------------

/** Everything of a statement before its signature. */
export const statementBody = (of: Omit<Statement, "bytes" | "signature">): Bytes =>
  concat(PK, u8(VERSION), u8(of.kind), of.room, of.address, of.device, of.signing, of.agreement, of.key, u64(of.made));

export const statementSigned = (body: Uint8Array): Bytes => concat(label("parley key 1"), body);

/** @throws BadSeal */
export function parseStatement(bytes: Uint8Array): Statement {
  const from = new Reader(bytes);
  from.expect(PK, "This is no key statement.");
  must(from.number(1) === VERSION, "This version of a key statement is unknown.");
  const kind = from.number(1);
  must(kind >= MADE && kind <= LAST, "This kind of key statement is unknown.");
  const room = from.take(32);
  must(isZero(room) === (kind !== MADE), "The statement's room does not fit its kind.");
  const [address, device, signing, agreement, key] = [from.take(20), from.take(32), from.take(32), from.take(32), from.take(32)];
  const made = from.number(8);
  const signature = from.take(SIGNATURE);
  from.end();
  must(same(device, deviceOf(signing, agreement)), "The statement does not spell its device.");
  return { bytes: new Uint8Array(bytes), kind, room, address, device, signing, agreement, key, made, signature };
}

// --- envelopes -----------------------------------------------------------------------------------

/** Everything of an envelope before its commitment. */
export const frontOf = (of: Front): Bytes =>
  concat(
    PM, u8(VERSION), of.room, of.address, of.device, of.statement, of.clientId,
    u32(of.index), of.previous, u64(of.seen), of.seenHead, u64(of.at),
  );

/** Everything of an envelope before its signature. */
export const envelopeBody = (front: Uint8Array, commitment: Uint8Array, wraps: Wrap[], ciphertext: Uint8Array): Bytes =>
  concat(front, commitment, u8(wraps.length), ...wraps.flatMap(({ name, key }) => [name, key]), u32(ciphertext.length), ciphertext);

export const messageSigned = (body: Uint8Array): Bytes => concat(label("parley message 1"), body);

/** @throws BadSeal */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const from = new Reader(bytes);
  from.expect(PM, "This is no sealed message.");
  must(from.number(1) === VERSION, "This version of a sealed message is unknown.");
  const [room, address, device, statement, clientId] = [from.take(32), from.take(20), from.take(32), from.take(32), from.take(16)];
  const index = from.number(4);
  const previous = from.take(32);
  must(index >= 1 && isZero(previous) === (index === 1), "The message's index and predecessor do not fit each other.");
  const [seen, seenHead, at] = [from.number(8), from.take(32), from.number(8)];
  const front = new Uint8Array(bytes).slice(0, from.at);
  const commitment = from.take(32);
  const wraps = parseWraps(from);
  const size = from.number(4);
  must(BUCKETS.includes(size - TAG), "The ciphertext's size is none of those allowed.");
  const ciphertext = from.take(size);
  const signature = from.take(SIGNATURE);
  from.end();
  return { bytes: new Uint8Array(bytes), front, room, address, device, statement, clientId, index, previous, seen, seenHead, at, commitment, wraps, ciphertext, signature };
}

function parseWraps(from: Reader): Wrap[] {
  const count = from.number(1);
  must(count >= 1 && count <= MOST_WRAPS, "The number of readers is out of its range.");
  const wraps = Array.from({ length: count }, () => ({ name: from.take(32), key: from.take(48) }));
  must(new Set(wraps.map(({ name }) => hex(name))).size === count, "A reader is named twice.");
  return wraps;
}

/** `front ‖ commitment`: what both ciphers bind. */
export const headerOf = (envelope: Envelope): Bytes => concat(envelope.front, envelope.commitment);

/** The bytes that the sender's device signed, without label. */
export const signedBody = (signed: { bytes: Bytes }): Bytes => signed.bytes.slice(0, -SIGNATURE);

// --- plaintexts ----------------------------------------------------------------------------------

/** What the commitment covers of the content: `u8 type ‖ u32 length ‖ content`. */
export const contentBytes = ({ type, content }: Content): Bytes => concat(u8(type), u32(content.length), content);

/** The padded plaintext. @throws BadSeal if the content is not one of its type or too long. */
export function packPlain(f: Bytes, content: Content): Bytes {
  checkContent(content);
  const plain = concat(f, contentBytes(content));
  return concat(plain, new Uint8Array(bucketOf(plain.length) - plain.length));
}

/** @throws BadSeal */
export function parsePlain(plain: Uint8Array): { f: Bytes; content: Content } {
  const from = new Reader(plain);
  const f = from.take(32);
  const type = from.number(1);
  const length = from.number(4);
  const content = { type, content: from.take(length) };
  must(bucketOf(FIXED + length) === plain.length, "The padding is not the one that fits.");
  must(isZero(from.take(plain.length - FIXED - length)), "The padding is not zero.");
  checkContent(content);
  return { f, content };
}

function bucketOf(size: number): number {
  const bucket = BUCKETS.find((each) => size <= each);
  must(bucket !== undefined, "The content is too long.");
  return bucket;
}

function checkContent({ type, content }: Content): void {
  if (type === TEXT) {
    must(content.length >= 1 && content.length <= MOST_TEXT_BYTES, "The text is empty or too long.");
    textOf(content);
  } else if (type === ACCOUNT || type === FILE) parseCanonical(textOf(content));
  else if (type === OPENING) parseOpening(content);
  else must(false, "This type of content is unknown.");
}

/** The message keys that an opening gives. @throws BadSeal */
export function parseOpening(content: Uint8Array): Opened[] {
  const count = content.length / 64;
  must(Number.isInteger(count) && count >= 1 && count <= MOST_OPENED, "The opening is not a list of keys.");
  const from = new Reader(content);
  return Array.from({ length: count }, () => ({ name: from.take(32), key: from.take(32) }));
}

export const packOpening = (opened: Opened[]): Bytes => concat(...opened.flatMap(({ name, key }) => [name, key]));

// --- canonical JSON ------------------------------------------------------------------------------

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** The one spelling of a value: keys sorted by code point, no spaces. @throws BadSeal for what programs would spell differently. */
export function canonicalJson(value: Plain, depth = 0): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") must(Number.isSafeInteger(value), "A number in the JSON is not whole, or too large.");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  must(depth < MOST_DEPTH, "The JSON has too many levels.");
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each, depth + 1)).join(",")}]`;
  const keys = Object.keys(value).sort(byCodePoint);
  return `{${keys.map((key) => `${quoted(key)}:${canonicalJson(value[key] as Plain, depth + 1)}`).join(",")}}`;
}

function quoted(text: string): string {
  must(!/\p{Surrogate}/u.test(text), "A text in the JSON holds half a character.");
  return JSON.stringify(text);
}

/** The value of a canonical text. @throws BadSeal if the text is spelt in another way. */
export function parseCanonical(text: string): Plain {
  let value: Plain;
  try {
    value = JSON.parse(text) as Plain;
  } catch {
    must(false, "This is no JSON.");
  }
  must(canonicalJson(value) === text, "The JSON is not in its one spelling.");
  return value;
}

/** UTF-16 order differs from code points above U+FFFF; Python sorts by code point. */
function byCodePoint(one: string, other: string): number {
  const [left, right] = [[...one], [...other]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference) return difference;
  }
  return left.length - right.length;
}
