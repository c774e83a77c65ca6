/** A room's transcript as a bundle on the person's disk. */

import { chainId, embedded, Problem } from "../page.ts";
import type { Sheet } from "../sheet.ts";
import { pinnedContract } from "../typed/typed.ts";
import type { Bytes } from "./bytes.ts";
import { makeBundle } from "./bundle.ts";
import { signerOf } from "./keyring.ts";
import type { Room } from "./room.ts";

/** The bundle of a room's log with the keys given, by the message's name in hex. @throws Problem */
export async function bundleOf(room: Room, keys: Map<string, Bytes>): Promise<string> {
  const { receipt, transcript } = room;
  if (!receipt?.receipt || !receipt.head) throw new Problem("There is nothing to save yet.");
  if (receipt.seq !== transcript.seq) throw new Problem("The hub's signature under its log does not hold, so the file could not be checked. Reload the page and try again.");
  const bindings = [...room.members, ...room.observers].flatMap((person) =>
    (person.bindings ?? []).map(({ message, signature }) => ({ address: person.address ?? "", message, signature })),
  );
  const source = {
    transcript, keys, bindings,
    chainId: chainId(),
    contract: pinnedContract(chainId()),
    name: room.key,
    trade: embedded<Sheet>("trade-sheet")?.tradeId ?? "",
    hub: room.hub,
    receipt: { at: receipt.at, head: receipt.head, seq: receipt.seq, signature: receipt.receipt },
    made: Math.floor(Date.now() / 1000),
  };
  return makeBundle(source, signerOf(room.keys));
}

/** Save all that this browser can read; the name of the file. @throws Problem */
export async function saveTranscript(room: Room): Promise<string> {
  return save(room, new Map((await room.readable()).map(({ entry, key }) => [entry.name, key])));
}

/** @throws Problem */
export async function save(room: Room, keys: Map<string, Bytes>): Promise<string> {
  const name = `parley-${room.key}-${room.transcript.seq}.json`;
  download(name, await bundleOf(room, keys));
  return name;
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
