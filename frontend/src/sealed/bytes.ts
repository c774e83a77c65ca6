/** Bytes as docs/CHAT.md writes them, and the hashes and ciphers it names, by WebCrypto. */

/** The bytes break the format; nothing in them may be believed. */
export class BadSeal extends Error {}

/** What WebCrypto takes: bytes that no other thread shares. */
export type Bytes = Uint8Array<ArrayBuffer>;

const NONCE = new Uint8Array(12);
const TAG_BITS = 128;
const encoder = new TextEncoder();

/** @throws BadSeal unless it is so. */
export function must(met: boolean, what: string): asserts met {
  if (!met) throw new BadSeal(what);
}

export function concat(...parts: Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

/** The text of the bytes. @throws BadSeal if they are not well-formed. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadSeal("The text is not well-formed UTF-8.");
  }
}

/** A label of a formula: its text and one zero byte. */
export const label = (text: string): Bytes => concat(utf8(text), new Uint8Array(1));

export const u8 = (value: number): Bytes => whole(value, 1);
export const u32 = (value: number): Bytes => whole(value, 4);
export const u64 = (value: number): Bytes => whole(value, 8);

function whole(value: number, size: number): Bytes {
  must(Number.isSafeInteger(value) && value >= 0 && value < 2 ** (8 * size), "A number is out of its range.");
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let at = size - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @throws BadSeal unless the text is lower-case hex, of `size` bytes if given. */
export function fromHex(text: string, size?: number): Bytes {
  must(/^(?:[0-9a-f]{2})*$/.test(text) && (size === undefined || text.length === 2 * size), "A field is not lower-case hex of its size.");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** An account's address or a device's hash, which are written with 0x. */
export const from0x = (text: string, size?: number): Bytes => fromHex(text.toLowerCase().replace(/^0x/, ""), size);

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** @throws BadSeal if it is none. */
export function fromBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new BadSeal("A body is not base64.");
  }
}

export const same = (one: Uint8Array, other: Uint8Array): boolean => one.length === other.length && one.every((byte, at) => byte === other[at]);

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

export const random = (size: number): Bytes => crypto.getRandomValues(new Uint8Array(size));

export const sha256 = async (...parts: Uint8Array[]): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));

export async function hmac(key: Bytes, ...parts: Uint8Array[]): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, concat(...parts)));
}

/** HKDF-SHA256 (RFC 5869), 32 bytes. */
export async function hkdf(secret: Bytes, salt: Bytes, info: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, imported, 256));
}

/** AES-256-GCM with the fixed nonce: every key of ours seals one text only. */
export async function encrypt(key: Bytes, plain: Bytes, header: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await crypto.subtle.encrypt(gcm(header), imported, plain));
}

/** @throws BadSeal if the key or the header is another. */
export async function decrypt(key: Bytes, sealed: Bytes, header: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(header), imported, sealed));
  } catch {
    throw new BadSeal("The key does not open this.");
  }
}

const gcm = (additionalData: Bytes): AesGcmParams => ({ name: "AES-GCM", iv: NONCE, additionalData, tagLength: TAG_BITS });

/** Takes bytes from the front; every field is asked for in its order, and nothing may be left. */
export class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes);
  }

  /** How many bytes were taken. */
  get at(): number {
    return this.#at;
  }

  take(size: number): Bytes {
    must(this.#at + size <= this.#bytes.length, "Bytes are missing.");
    this.#at += size;
    return this.#bytes.slice(this.#at - size, this.#at);
  }

  number(size: number): number {
    let value = 0;
    for (const byte of this.take(size)) value = value * 256 + byte;
    must(Number.isSafeInteger(value), "A number is out of its range.");
    return value;
  }

  /** What must stand here. */
  expect(bytes: Uint8Array, what: string): void {
    must(same(this.take(bytes.length), bytes), what);
  }

  end(): void {
    must(this.#at === this.#bytes.length, "There are surplus bytes.");
  }
}
