/** Sealed files (docs/CHAT.md, "Files"): what may be sent, without what the camera wrote into it, and how its bytes are sealed. No page but a canvas. */

import { Problem } from "../page.ts";
import { type Bytes, concat, decrypt, encrypt, fromHex, hex, label, must, random, Reader, sha256, textOf, u32, utf8 } from "./bytes.ts";
import { parseCanonical } from "./layout.ts";

export const MOST_FILE_BYTES = 5 * 2 ** 20;
export const MOST_FILES = 20;
const BLOCK = 2 ** 16;
const TAG = 16;
const LONGEST_SIDE = 4_096;
const MOST_NAME_BYTES = 120;
const HEADER = label("parley file 1");

export type FileType = "image/jpeg" | "image/png" | "image/webp" | "application/pdf";

/** What a message of type 3 says of a file, as its canonical JSON has it. */
export interface Manifest {
  /** The hub's name of the sealed bytes. */
  blob: string;
  key: string;
  name: string;
  /** Of the sealed bytes. */
  sha256: string;
  /** Of the file itself, in bytes. */
  size: number;
  type: FileType;
}

export interface Ready {
  bytes: Bytes;
  name: string;
  type: FileType;
}

export interface Sealed {
  sealed: Bytes;
  key: string;
  sha256: string;
  size: number;
}

const starts = (bytes: Uint8Array, magic: number[], at = 0): boolean => magic.every((byte, index) => bytes[at + index] === byte);

/** What the bytes are by themselves, whatever their name says; null for what is not sent. */
export function typeOf(bytes: Uint8Array): FileType | null {
  if (starts(bytes, [0xff, 0xd8, 0xff])) return "image/jpeg";
  if (starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  if (starts(bytes, [0x52, 0x49, 0x46, 0x46]) && starts(bytes, [0x57, 0x45, 0x42, 0x50], 8)) return "image/webp";
  if (starts(bytes, [0x25, 0x50, 0x44, 0x46, 0x2d])) return "application/pdf";
  return null;
}

const ENDINGS: Record<FileType, string> = { "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf" };
// What hides, reorders or ends a name, and what a system takes for a path.
const UNWANTED = /[\\/:*?"<>|]|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Surrogate}/gu;

/** A name that is what it looks like: no path, no hidden signs, and the ending of what the bytes are. */
export function nameOf(given: string, type: FileType): string {
  let stem = given.normalize("NFC").replace(UNWANTED, "").replace(/\.[^.]*$/, "").replace(/^[.\s]+|[.\s]+$/g, "");
  while (utf8(stem).length > MOST_NAME_BYTES) stem = Array.from(stem).slice(0, -1).join("");
  return `${stem || "file"}${ENDINGS[type]}`;
}

/**
 * The file as it will be sent: pictures drawn anew, so that place, camera and everything behind the picture stay here;
 * PDF as it is, if it runs nothing. @throws Problem with its sentence for what is not sent.
 */
export async function prepare(file: File, redraw: (file: Blob, type: FileType) => Promise<Bytes> = drawnAnew): Promise<Ready> {
  if (file.size > 4 * MOST_FILE_BYTES) throw tooLarge();
  const bytes = new Uint8Array(await file.arrayBuffer());
  const type = typeOf(bytes);
  if (!type) throw new Problem("Pictures (JPEG, PNG, WebP) and PDF can be sent. This file is something else, whatever its name says. Nothing was sent.", "file_type");
  if (type === "application/pdf") {
    if (bytes.length > MOST_FILE_BYTES) throw tooLarge();
    const danger = dangerIn(bytes);
    if (danger) throw new Problem(`This PDF ${danger}, so it is not sent. Print it into a new PDF, or send a picture of it.`, "file_active");
    return { bytes, name: nameOf(file.name, type), type };
  }
  const clean = await redraw(new Blob([bytes], { type }), type);
  const made = typeOf(clean);
  if (!made) throw unreadable();
  if (clean.length > MOST_FILE_BYTES) throw tooLarge();
  return { bytes: clean, name: nameOf(file.name, made), type: made };
}

/** What an opened PDF could do beyond being read; null for a plain one. Names may be written with #-codes. */
export function dangerIn(pdf: Uint8Array): string | null {
  const text = new TextDecoder("latin1").decode(pdf).replace(/#([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  if (/\/(JavaScript|JS)\b/.test(text)) return "holds a script";
  if (/\/(Launch|SubmitForm|ImportData|GoToR|GoToE)\b/.test(text)) return "starts something outside itself when it is opened";
  if (/\/(EmbeddedFiles?|RichMedia)\b/.test(text)) return "holds other files";
  return null;
}

/** The sealed bytes and their key; padded to whole 64 KiB, so that the size says little. */
export async function sealFile(bytes: Bytes, key: Bytes = random(32)): Promise<Sealed> {
  const length = Math.ceil((4 + bytes.length) / BLOCK) * BLOCK;
  const sealed = await encrypt(key, concat(u32(bytes.length), bytes, new Uint8Array(length - 4 - bytes.length)), HEADER);
  return { sealed, key: hex(key), sha256: hex(await sha256(sealed)), size: bytes.length };
}

/** The file in the sealed bytes, held against everything that its message says. @throws BadSeal */
export async function openFile(sealed: Bytes, manifest: Manifest): Promise<Bytes> {
  must(hex(await sha256(sealed)) === manifest.sha256, "The file is not the one that the message names.");
  const plain = new Reader(await decrypt(fromHex(manifest.key, 32), sealed, HEADER));
  const bytes = plain.take(plain.number(4));
  must(bytes.length === manifest.size && bytes.length > 0 && bytes.length <= MOST_FILE_BYTES, "The file has another size than the message says.");
  const padding = plain.take(sealed.length - TAG - 4 - bytes.length);
  const isWhole = (sealed.length - TAG) % BLOCK === 0 && padding.length < BLOCK;
  must(isWhole && padding.every((byte) => byte === 0), "The file's padding is not the one that fits.");
  must(typeOf(bytes) === manifest.type, "The file is not of the type that the message says.");
  return bytes;
}

/** The manifest of a message of type 3. @throws BadSeal if it is not exactly one. */
export function manifestOf(content: Uint8Array): Manifest {
  const found = parseCanonical(textOf(content)) as Record<string, unknown>;
  must(found !== null && typeof found === "object" && Object.keys(found).join() === "blob,key,name,sha256,size,type", "The message names no file.");
  const { blob, key, name, sha256: digest, size, type } = found;
  must(typeof blob === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(blob), "The file has no name at the hub.");
  must([key, digest].every((text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text)), "The file's key or hash is malformed.");
  must(typeof size === "number" && Number.isSafeInteger(size) && size > 0 && size <= MOST_FILE_BYTES, "The file's size is out of its range.");
  must(typeof type === "string" && Object.hasOwn(ENDINGS, type), "The file's type is unknown.");
  must(typeof name === "string" && name === nameOf(name, type as FileType), "The file's name is not what it looks like.");
  return found as unknown as Manifest;
}

/** A picture drawn anew at its size, or smaller where it is larger than screens are. */
async function drawnAnew(file: Blob, type: FileType): Promise<Bytes> {
  const picture = await createImageBitmap(file).catch(() => {
    throw unreadable();
  });
  try {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const drawn = await canvas.convertToBlob({ type, quality: 0.9 });
    // A large screenshot is smaller as a photograph.
    const small = drawn.size > MOST_FILE_BYTES && type === "image/png" ? await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 }) : drawn;
    return new Uint8Array(await small.arrayBuffer());
  } finally {
    picture.close();
  }
}

const tooLarge = (): Problem => new Problem("This file is larger than 5 MB. Nothing was sent. Take a smaller picture or a part of the document.", "file_too_large");
const unreadable = (): Problem => new Problem("This picture cannot be read, so nothing was sent. Open it, take a screenshot and send that.", "file_unreadable");
