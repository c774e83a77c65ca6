/**
 * One sealed room as this browser knows it: what the hub sends is checked and opened, what is written is sealed and
 * posted. It draws nothing. Storage and the curves are real; the way to the hub is handed in.
 */

import type { Page, Entry } from "../chat/log.ts";
import { type Device, device as ownDevice } from "../device/keys.ts";
import { drop, read, write } from "../device/store.ts";
import { chainId, type Json, Problem } from "../page.ts";
import { pinnedContract } from "../typed/typed.ts";
import { BadSeal, type Bytes, from0x, fromHex, hex, same, textOf, toBase64, utf8 } from "./bytes.ts";
import { isPoor, newKey, type Own, ownKey, signerOf } from "./keyring.ts";
import { type Manifest, manifestOf } from "./file.ts";
import { canonicalJson, type Content, deviceOf, FILE, MADE, MOST_WRAPS, OPENING, parseEnvelope, parseOpening, type Plain, roomId, TEXT } from "./layout.ts";
import { type Named, open, seal, unwrap } from "./messages.ts";
import { type Checked, Transcript } from "./transcript.ts";
import { type Somebody, type Standing, Trust } from "./trust.ts";

/** The way to the hub: a post on the room, and bringing the log up to date. */
export interface Wire {
  post(data: { [key: string]: Json }): Promise<void>;
  pull(): Promise<void>;
}

/** What a message turned out to be. */
export type Reading =
  | { is: "text"; text: string }
  | { is: "file"; manifest: Manifest }
  | { is: "opening"; count: number }
  | { is: "older" }
  | { is: "hidden"; why: string; grave: boolean; standing?: Standing };

interface Kept {
  accepted: string[];
  seen: { seq: number; head: string };
  hub: string;
}

/** A message that this browser may give free: its name, its key, what it says. */
export interface Readable {
  entry: Checked;
  key: Bytes;
  content: Content;
}

const TRIES = 3;
const CHANGED = "The hub shows less of this room than this browser has seen before, or something else in its place.";
const OTHER_HUB = "The hub signs with another key than before.";
const OTHER_ROOM = "The hub names another room, contract or network than this page was made for.";
const NO_RECEIPT = "The hub's signature under its log does not hold.";

export class Room {
  readonly key: string;
  readonly viewer: string;
  readonly keys: Device;
  readonly device: Bytes;
  readonly contradictions: string[] = [];
  transcript!: Transcript;
  members: Page["members"] = [];
  observers: NonNullable<Page["observers"]> = [];
  /** The newest entry whose receipt was seen to hold. */
  receipt: Entry | null = null;
  readonly #wire: Wire;
  readonly #me: Bytes;
  readonly #terms: string[];
  #trust!: Trust;
  #kept: Kept | undefined;
  #own: Own | null = null;
  #said: { index: number; previous: Bytes } | null = null;
  #told = 0;

  private constructor(key: string, viewer: string, keys: Device, terms: string[], wire: Wire) {
    this.key = key;
    this.viewer = viewer;
    this.keys = keys;
    this.device = deviceOf(fromHex(keys.signing), fromHex(keys.agreement));
    this.#me = from0x(viewer, 20);
    this.#terms = terms;
    this.#wire = wire;
  }

  /** The room before its first page. `terms` are the device hashes of the trade's Agreement. @throws Problem without a store. */
  static async of(key: string, viewer: string, terms: string[], wire: Wire): Promise<Room> {
    if (!globalThis.crypto?.subtle || !navigator.locks) throw new Problem("Sealed chats need a secure connection (https). Open this page by its https address.", "no_seal");
    return new Room(key, viewer, await ownDevice(), terms, wire);
  }

  // --- reading ---------------------------------------------------------------------------------

  /** Take new entries of a page, in order. The same order again does no harm: what is known is left out. */
  async take(page: Page, fresh: Entry[]): Promise<Checked[]> {
    if (!this.transcript) await this.#begin(page);
    this.members = page.members;
    this.observers = page.observers ?? [];
    await this.#trust.learn([...this.#people, ...this.observers]);
    const taken: Checked[] = [];
    for (const entry of fresh) taken.push(await this.transcript.take(entry));
    const last = fresh.at(-1);
    if (last && (await this.transcript.hasReceipt(last))) this.receipt = last;
    else if (last) this.#contradict(NO_RECEIPT);
    this.#compare(page.last);
    await this.#keep(page.hub ?? "");
    return taken;
  }

  /** The key of the hub's receipts, hex. */
  get hub(): string {
    return this.#kept?.hub ?? "";
  }

  get #people(): Somebody[] {
    return this.members.map(({ address, bindings }) => ({ address: address ?? "", bindings: bindings ?? [] }));
  }

  async #begin(page: Page): Promise<void> {
    const contract = pinnedContract(chainId());
    const id = await roomId(chainId(), contract, this.key);
    if (page.room !== hex(id) || page.chain !== chainId() || page.contract?.toLowerCase() !== contract.toLowerCase()) this.#contradict(OTHER_ROOM);
    this.#kept = await read<Kept>("rooms", this.#shelf);
    if (this.#kept?.hub && this.#kept.hub !== page.hub) this.#contradict(OTHER_HUB);
    this.transcript = await Transcript.of(id, fromHex(page.hub ?? "", 32));
    this.#trust = new Trust({ origin: location.origin, chainId: chainId() }, this.#terms, this.#kept?.accepted ?? []);
  }

  /** Against what this browser saw before, and what the members signed as seen. */
  #compare(last: number): void {
    const { transcript } = this;
    const seen = this.#kept?.seen;
    if (seen && transcript.seq >= Math.min(last, seen.seq) && !transcript.isLost(seen.seq)) {
      const head = transcript.headAt(seen.seq);
      if (last < seen.seq || (head && hex(head) !== seen.head)) this.#contradict(CHANGED);
    }
    for (; this.#told < transcript.contradictions.length; this.#told += 1) this.#contradict(transcript.contradictions[this.#told] ?? "");
  }

  #contradict(what: string): void {
    if (!this.contradictions.includes(what)) this.contradictions.push(what);
  }

  async #keep(hub: string): Promise<void> {
    const { seq, head } = this.transcript;
    // What contradicts stays beside what it contradicts, so that the next load says so too.
    const isFurther = !this.contradictions.length && seq >= (this.#kept?.seen.seq ?? 0);
    const seen = isFurther || !this.#kept || this.transcript.isLost(this.#kept.seen.seq) ? { seq, head: hex(head) } : this.#kept.seen;
    const kept = { accepted: this.#trust.accepted, seen, hub: this.#kept?.hub || hub };
    if (JSON.stringify(kept) === JSON.stringify(this.#kept)) return;
    this.#kept = kept;
    await write("rooms", this.#shelf, kept);
  }

  /** What a message says, or why it is not shown. */
  async read(entry: Checked, sender?: string): Promise<Reading> {
    const { envelope, statement, fault, content } = entry;
    if (!content && !fault) return hidden("This message was removed here after its time. Its place in the log is kept.", false);
    if (fault || !envelope || !statement) return hidden(`This message could not be verified, so it is not shown. ${fault ?? ""}`, true);
    if (sender && !same(from0x(sender), envelope.address)) return hidden("This message could not be verified, so it is not shown. The hub names another sender than the one who signed it.", true);
    const standing = this.standingOf(statement);
    if (standing === "refused") return hidden("This message could not be verified, so it is not shown. Its key is not signed by the account's wallet.", true, standing);
    if (standing === "asks") return hidden("Written on a device that you have not accepted yet.", false, standing);
    try {
      const key = await this.keyOf(entry);
      if (key) return readingOf(await open(envelope, key));
      const why = this.#whyClosed(entry);
      return why ? hidden(why, false) : { is: "older" };
    } catch (thrown) {
      return hidden(`This message could not be verified, so it is not shown. ${thrown instanceof BadSeal ? thrown.message : "It could not be opened."}`, true);
    }
  }

  /** The key of a checked message, if this browser can have it. @throws BadSeal if it was sealed wrongly. */
  async keyOf({ envelope, statement, name }: Checked): Promise<Bytes | null> {
    if (!envelope || !statement) return null;
    const kept = await read<Bytes>("messages", name);
    if (kept) return kept;
    for (const wrap of envelope.wraps) {
      const own = await ownKey(wrap.name, this.transcript.room);
      if (!own || !same(own.statement.address, this.#me)) continue;
      const key = await unwrap(envelope, statement, own);
      await write("messages", name, key);
      return key;
    }
    return null;
  }

  /** All messages that this browser can read and believe, in order. */
  async readable(): Promise<Readable[]> {
    const found: Readable[] = [];
    for (const entry of this.transcript.entries) {
      if (entry.fault || !entry.envelope || !entry.statement || this.standingOf(entry.statement) !== "accepted") continue;
      const key = await this.keyOf(entry).catch(() => null);
      const content = key && (await open(entry.envelope, key).catch(() => null));
      if (key && content) found.push({ entry, key, content });
    }
    return found;
  }

  /** Why a sound message has no key here; empty for what was sealed before this device came. */
  #whyClosed({ envelope, seq }: Checked): string {
    const observers = new Set(this.observers.map(({ address }) => address.toLowerCase()));
    const readers = envelope?.wraps.map(({ name }) => this.transcript.statement(name)) ?? [];
    if (readers.some((reader) => reader && observers.has(`0x${hex(reader.statement.address)}`))) return "Sealed for the arbitrator: messages that were shown to them.";
    return seq < this.transcript.since(this.device) ? "" : "This message was not sealed for this device.";
  }

  // --- whom to believe -------------------------------------------------------------------------

  standingOf(named: Named): Standing {
    if (same(named.statement.device, this.device) && same(named.statement.address, this.#me)) return "accepted";
    // A wallet's own new device may read along at once; the page says that there is one.
    const isFirst = this.isMine(named.statement.address) || this.transcript.since(named.statement.device) < this.transcript.firstMessage;
    return this.#trust.standing(named, isFirst);
  }

  voucherOf(named: Named): ReturnType<Trust["voucher"]> {
    return this.#trust.voucher(named);
  }

  isMine(address: Uint8Array): boolean {
    return same(address, this.#me);
  }

  /** The newest statements of the devices of everybody who is in the room now. */
  get present(): Named[] {
    const here = new Set(this.members.map(({ address }) => address?.toLowerCase()));
    return this.transcript?.newest.filter(({ statement }) => here.has(`0x${hex(statement.address)}`)) ?? [];
  }

  /** Devices that wait to be accepted; while there is one, nothing is sent. */
  get asking(): Named[] {
    return this.present.filter((named) => this.standingOf(named) === "asks");
  }

  async accept(named: Named): Promise<void> {
    this.#trust.accept(named);
    await this.#keep("");
  }

  // --- writing ---------------------------------------------------------------------------------

  /** Whether the session was signed in with this browser's device; else the hub takes nothing from it. */
  isBound(device: string): boolean {
    return device.toLowerCase() === `0x${hex(this.device)}`;
  }

  /** Seal a text and post it; harmless to repeat. @throws Problem */
  send(clientId: string, text: string): Promise<void> {
    return this.post(clientId, { type: TEXT, content: utf8(text) }, () => this.#readers());
  }

  /** Seal and post the message that names a file the hub has. @throws Problem */
  sendFile(clientId: string, manifest: Manifest): Promise<void> {
    const content = utf8(canonicalJson(manifest as unknown as { [key: string]: Plain }));
    return this.post(clientId, { type: FILE, content }, () => this.#readers(), { files: [manifest.blob] });
  }

  /** Seal and post under the lock of the room: two tabs cannot take one index. @throws Problem */
  post(clientId: string, content: Content, readers: () => Named[], more: { [key: string]: Json } = {}): Promise<void> {
    return navigator.locks.request(`parley.seal.${this.#shelf}`, () => this.#post(clientId, content, readers, more));
  }

  async #post(clientId: string, content: Content, readers: () => Named[], more: { [key: string]: Json }): Promise<void> {
    const shelf = `${this.#shelf}:${clientId}`;
    for (let tried = 1; ; tried += 1) {
      const body = (await read<Bytes>("outbox", shelf)) ?? (await this.#sealed(shelf, clientId, content, readers));
      try {
        await this.#wire.post({ v: 2, kind: "message", clientId, body: toBase64(body), ...more });
        const { index } = parseEnvelope(body);
        this.#said = { index: index + 1, previous: new Uint8Array(await crypto.subtle.digest("SHA-256", body)) };
        await drop("outbox", shelf);
        return;
      } catch (refusal) {
        if (refusal instanceof Problem && ["out_of_order", "unknown_key"].includes(refusal.code) && tried < TRIES) {
          await drop("outbox", shelf);
          this.#said = null;
          this.#own = null;
          await this.#wire.pull();
        } else {
          if (refusal instanceof Problem && isFinal(refusal.code)) await drop("outbox", shelf);
          throw refusal;
        }
      }
    }
  }

  async #sealed(shelf: string, clientId: string, content: Content, readers: () => Named[]): Promise<Bytes> {
    const own = await this.#ownStatement();
    const to = await this.#present(readers);
    const { transcript } = this;
    const known = transcript.nextOf(this.device);
    const { index, previous } = this.#said && this.#said.index > known.index ? this.#said : known;
    const front = {
      room: transcript.room, address: this.#me, device: this.device, statement: own.name, clientId: fromHex(clientId, 16),
      index, previous, seen: transcript.seq, seenHead: transcript.head, at: Math.floor(Date.now() / 1000),
    };
    const self = to.filter(({ statement }) => same(statement.device, this.device)).length ? [] : [own];
    const { envelope, key } = await seal({ front, content, sender: own, readers: [...self, ...to].slice(0, MOST_WRAPS), signer: signerOf(this.keys) });
    // Stored before it is sent: after a crash the same bytes go out again, never a second message of the same index.
    await write("messages", hex(new Uint8Array(await crypto.subtle.digest("SHA-256", envelope.bytes))), key);
    await write("outbox", shelf, envelope.bytes);
    return envelope.bytes;
  }

  /** The readers, looked for once more in the newest log if nobody else is there yet. @throws Problem */
  async #present(readers: () => Named[]): Promise<Named[]> {
    try {
      return readers();
    } catch (refusal) {
      if (!(refusal instanceof Problem) || refusal.code !== "no_reader") throw refusal;
      await this.#wire.pull();
      return readers();
    }
  }

  /** Everybody's accepted devices, this one first. @throws Problem while nobody else can read. */
  #readers(): Named[] {
    const accepted = this.present.filter((named) => this.standingOf(named) === "accepted");
    const others = accepted.filter(({ statement }) => !this.isMine(statement.address));
    if (this.asking.length) throw new Problem("It waits until you accept the new device.", "asks");
    if (!others.length) throw new Problem("It waits for the other side's browser: no key of theirs is here yet.", "no_reader");
    const mine = accepted.filter(({ statement }) => this.isMine(statement.address));
    return [...mine.filter(({ statement }) => same(statement.device, this.device)), ...others, ...mine.filter(({ statement }) => !same(statement.device, this.device))];
  }

  /** The own devices' statements, this one's first: the readers of what goes to nobody else in the room. */
  get mine(): Named[] {
    const mine = this.present.filter((named) => this.isMine(named.statement.address) && this.standingOf(named) === "accepted");
    return mine.sort((one, other) => Number(same(other.statement.device, this.device)) - Number(same(one.statement.device, this.device)));
  }

  /** The own statement in the log, made and posted if there is none that may be used here. */
  async #ownStatement(): Promise<Own> {
    if (this.#own) return this.#own;
    let usable = await this.#usable();
    // Another tab may have made one a moment ago.
    if (!usable) await this.#wire.pull().then(async () => (usable = await this.#usable()));
    if (usable) return (this.#own = usable);
    const made = await newKey(this.keys, MADE, this.viewer, this.transcript.room);
    await this.#wire.post({ v: 2, kind: "key", body: toBase64(made.statement.bytes) });
    await this.#wire.pull();
    return (this.#own = made);
  }

  async #usable(): Promise<Own | null> {
    const known = this.transcript.newest.find(({ statement }) => same(statement.device, this.device) && this.isMine(statement.address));
    const own = known ? await ownKey(known.name, this.transcript.room) : null;
    return own && !isPoor(own) ? own : null;
  }

  /** Be ready to read here: put this device's key into the room if it has none. @throws Problem */
  async join(): Promise<void> {
    await navigator.locks.request(`parley.seal.${this.#shelf}`, () => this.#ownStatement());
  }

  get #shelf(): string {
    return `${this.viewer.toLowerCase()}:${this.key}`;
  }
}

function readingOf({ type, content }: Content): Reading {
  if (type === TEXT) return { is: "text", text: textOf(content) };
  if (type === OPENING) return { is: "opening", count: parseOpening(content).length };
  if (type === FILE) return { is: "file", manifest: manifestOf(content) };
  return hidden("This message holds something that this page cannot show yet. Reload the page; if that does not help, ask for it as text.", false);
}

const hidden = (why: string, grave: boolean, standing?: Standing): Reading => ({ is: "hidden", why: why.trim(), grave, ...(standing ? { standing } : {}) });

/** After these the same envelope would only be refused again. */
const isFinal = (code: string): boolean => ["bad_seal", "not_bound", "conflict", "message_too_long", "room_closed", "out_of_order", "unknown_key"].includes(code);
