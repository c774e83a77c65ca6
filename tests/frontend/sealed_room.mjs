/** A hub and people for the sealed tests: real keys, real signatures, a log that the test may bend. */
import { privateKeyToAccount } from "viem/accounts";

import { load } from "./load.mjs";

export const sealed = await load("../../tests/frontend/sealed.ts");
const { bytes, layout, keys, messages, log, Transcript } = sealed;

export const CHAIN = 31337;
export const CONTRACT = "0x5fbdb2315678afecb367f032d93f642f64180aa3";
export const NAME = "trade-7f3k22";
export const SITE = "http://127.0.0.1:8000";

const ed25519 = async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  return { key: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), secret: pair.privateKey };
};

/** A person with a wallet and one device that has signed in. */
export async function person(number) {
  const wallet = privateKeyToAccount(`0x${String(number).padStart(64, "0")}`);
  return { wallet, address: bytes.from0x(wallet.address, 20), device: await device(wallet) };
}

export async function device(wallet) {
  const [signing, agreement] = [await ed25519(), await keys.makeRoomKey()];
  const signer = { signing: signing.key, agreement: agreement.key, secret: signing.secret };
  const message = signIn(wallet.address, signer);
  return { signer, hash: layout.deviceOf(signing.key, agreement.key), binding: { address: wallet.address, message, signature: await wallet.signMessage({ message }) } };
}

export const signIn = (address, { signing, agreement }, site = SITE) =>
  [
    `${new URL(site).host} wants you to sign in with your Ethereum account:`, address, "", "This browser may read and write my chats.", "",
    `URI: ${site}`, "Version: 1", `Chain ID: ${CHAIN}`, "Nonce: abcdefgh12345678", "Issued At: 2026-01-01T00:00:00Z",
    "Resources:", `- urn:parley:device:1:${bytes.hex(signing)}:${bytes.hex(agreement)}`,
  ].join("\n");

/** A room whose hub numbers, hashes and signs what it is given. */
export class Hub {
  entries = [];
  #seq = 0;

  static async open(name = NAME) {
    const hub = new Hub();
    hub.name = name;
    hub.id = await layout.roomId(CHAIN, CONTRACT, name);
    hub.key = await ed25519();
    hub.head = await log.emptyHead(hub.id);
    hub.chains = new Map();
    return hub;
  }

  /** The room's own statement of somebody's device; it is in the log when this answers. */
  async join(who, more = {}) {
    const { key, secret } = await keys.makeRoomKey();
    const statement = await keys.makeStatement(who.device.signer, { kind: layout.MADE, room: this.id, address: who.address, key, made: 1, ...more });
    who.own = { name: await keys.nameOf(statement), statement, secret };
    await this.add("key", statement.bytes);
    return who.own;
  }

  /** Seal a text as somebody; the envelope is not stored yet. `bend` changes its front. */
  async sealed(who, text, readers, bend = {}, content = { type: layout.TEXT, content: bytes.utf8(text) }) {
    const { index, previous } = this.chains.get(who) ?? { index: 1, previous: new Uint8Array(32) };
    const front = {
      room: this.id, address: who.address, device: who.device.hash, statement: who.own.name, clientId: bytes.random(16),
      index, previous, seen: this.#seq, seenHead: this.head, at: 1_700_000_000, ...bend,
    };
    return messages.seal({ front, content, sender: who.own, readers: readers.map(({ own }) => own), signer: who.device.signer });
  }

  /** Seal and store. */
  async say(who, text, readers, bend, content) {
    const made = await this.sealed(who, text, readers, bend, content);
    this.chains.set(who, { index: made.envelope.index + 1, previous: await keys.nameOf(made.envelope) });
    return { ...made, seq: (await this.add("message", made.envelope.bytes)).seq };
  }

  async add(kind, content, { skip = 0 } = {}) {
    this.#seq += 1 + skip;
    const at = 1_700_000_000 + this.#seq;
    this.head = await log.nextHead(this.head, await log.entryHash(this.#seq, at, kind, content));
    const receipt = bytes.hex(await keys.sign(this.key.secret, log.receiptBytes(this.id, this.#seq, at, this.head)));
    const isLine = kind === "system" || kind === "staff";
    const body = isLine ? { data: new TextDecoder().decode(content) } : { body: bytes.toBase64(content) };
    const entry = { seq: this.#seq, kind, at, head: bytes.hex(this.head), receipt, ...body };
    this.entries.push(entry);
    return entry;
  }

  line(code, params = {}, more) {
    return this.add("system", bytes.utf8(layout.canonicalJson({ by: "", code, params })), more);
  }

  /** What a reader makes of the log. */
  async transcript(entries = this.entries) {
    const transcript = await Transcript.of(this.id, this.key.key);
    for (const entry of entries) await transcript.take(entry);
    return transcript;
  }
}
