/** This browser's own room keys: made, kept before anybody learns of them, and each of the stock used in one room only. */

import { change, read, write } from "../device/store.ts";
import { type Device, signingSecret } from "../device/keys.ts";
import { type Bytes, from0x, fromHex, hex } from "./bytes.ts";
import { makeRoomKey, makeStatement, nameOf, type Secret, type Signer } from "./keys.ts";
import { LAST, parseStatement, STOCK } from "./layout.ts";
import type { Named } from "./messages.ts";

export type Own = Named & { secret: Secret };

interface Kept {
  statement: Bytes;
  secret: Secret;
  /** The room's id in hex that a key of the stock was first used in. */
  usedIn: string;
}

/** The device as one that signs. */
export const signerOf = (keys: Device): Signer => ({ signing: fromHex(keys.signing), agreement: fromHex(keys.agreement), secret: signingSecret(keys) });

/** A new room key with its signed statement; it is stored when this answers. `made` in Unix seconds. */
export async function newKey(keys: Device, kind: number, address: string, room: Bytes, made = Math.floor(Date.now() / 1000)): Promise<Own> {
  const { key, secret } = await makeRoomKey();
  const statement = await makeStatement(signerOf(keys), { kind, room, address: from0x(address, 20), key, made });
  const name = await nameOf(statement);
  const kept: Kept = { statement: statement.bytes, secret, usedIn: "" };
  await write("keys", hex(name), kept);
  return { name, statement, secret };
}

/** The own key of that name, if this browser has it and it may be used in the room: a stock key belongs to one room. */
export async function ownKey(name: Bytes, room: Bytes): Promise<Own | null> {
  const found = await read<Kept>("keys", hex(name));
  if (!found) return null;
  const statement = parseStatement(found.statement);
  if (statement.kind === STOCK) {
    // In one transaction: two rooms in two tabs may ask for the same key at once.
    const claimed = await change<Kept>("keys", hex(name), (kept) => (kept && !kept.usedIn ? { ...kept, usedIn: hex(room) } : null));
    if (claimed?.usedIn !== hex(room)) return null;
  }
  return { name, statement, secret: found.secret };
}

/** Whether a better key than this should be made for a room: the last of the stock serves many. */
export const isPoor = ({ statement }: Named): boolean => statement.kind === LAST;
