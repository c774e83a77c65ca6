/** The hub's log: the hash of each entry, the chain of heads, and the hub's signature under them (docs/CHAT.md). */

import { type Bytes, concat, label, sha256, u8, u64 } from "./bytes.ts";
import { verifies } from "./keys.ts";

export type Kind = "message" | "key" | "system" | "staff";

const KINDS: Record<Kind, number> = { message: 1, key: 2, system: 3, staff: 4 };

export const isKind = (kind: unknown): kind is Kind => typeof kind === "string" && Object.hasOwn(KINDS, kind);

/** The hash that belongs to an entry; `at` in Unix seconds, `content` the envelope, the statement or the line's JSON. */
export const entryHash = async (seq: number, at: number, kind: Kind, content: Bytes): Promise<Bytes> =>
  sha256(label("parley entry 1"), u64(seq), u64(at), u8(KINDS[kind]), await sha256(content));

/** The head of the log without entries. */
export const emptyHead = (room: Bytes): Promise<Bytes> => sha256(label("parley log 1"), room);

export const nextHead = (head: Bytes, entry: Bytes): Promise<Bytes> => sha256(head, entry);

/** What the hub signs: it stands for the whole log up to `seq`. */
export const receiptBytes = (room: Bytes, seq: number, at: number, head: Bytes): Bytes => concat(label("parley receipt 1"), room, u64(seq), u64(at), head);

export const isReceipt = (hub: Bytes, signature: Bytes, room: Bytes, seq: number, at: number, head: Bytes): Promise<boolean> =>
  verifies(hub, signature, receiptBytes(room, seq, at, head));
