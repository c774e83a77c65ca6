/**
 * A room's log, checked entry by entry as "What a reader checks before it shows" asks: heads, statements, chains and
 * signatures. It opens nothing and knows neither storage nor page. An entry that fails stays in the log with its fault.
 */

import { BadSeal, type Bytes, fromBase64, fromHex, hex, isZero, same, must, utf8 } from "./bytes.ts";
import { checkedStatement, nameOf } from "./keys.ts";
import { type Envelope, parseCanonical, parseEnvelope, type Statement } from "./layout.ts";
import { emptyHead, entryHash, isKind, isReceipt, type Kind, nextHead } from "./log.ts";
import { isSigned, type Named } from "./messages.ts";

/** An entry as the hub sends it; without `body` or `data` only its `hash` is known. */
export interface Sent {
  seq: number;
  kind: string;
  at?: number;
  head?: string;
  hash?: string;
  receipt?: string;
  body?: string;
  data?: string;
}

export interface Checked {
  seq: number;
  kind: Kind | "";
  at: number;
  hash: Bytes;
  head: Bytes;
  content: Bytes | null;
  /** A message's or a statement's name, in hex. */
  name: string;
  envelope?: Envelope;
  /** The sender's statement, or the statement that is this entry. */
  statement?: Named;
  /** Why it cannot be believed. */
  fault?: string;
}

interface Chain {
  index: number;
  previous: Bytes;
}

const FIRST: Chain = { index: 1, previous: new Uint8Array(32) };

export class Transcript {
  readonly room: Bytes;
  readonly entries: Checked[] = [];
  /** What proves the hub or a member wrong, in words; empty as long as all agrees. */
  readonly contradictions: string[] = [];
  readonly #hub: Bytes;
  readonly #statements = new Map<string, Named>();
  readonly #since = new Map<string, number>();
  readonly #heads = new Map<number, Bytes>();
  readonly #chains = new Map<string, Chain>();
  /** By device: how many entries were closed to this reader since its last message. */
  readonly #closed = new Map<string, number>();
  #closedAtAll = 0;
  readonly #gaps: [number, number][] = [];
  #head: Bytes;
  #seq = 0;

  private constructor(room: Bytes, hub: Bytes, head: Bytes) {
    this.room = room;
    this.#hub = hub;
    this.#head = head;
    this.#heads.set(0, head);
  }

  static async of(room: Bytes, hub: Bytes): Promise<Transcript> {
    return new Transcript(room, hub, await emptyHead(room));
  }

  get seq(): number {
    return this.#seq;
  }

  get head(): Bytes {
    return this.#head;
  }

  headAt(seq: number): Bytes | undefined {
    return this.#heads.get(seq);
  }

  /** Whether the hub declared that the number was lost in a restore. */
  isLost(seq: number): boolean {
    return this.#gaps.some(([first, last]) => seq >= first && seq <= last);
  }

  /** What must come next from a device, by this log. */
  nextOf(device: Bytes): Chain {
    return this.#chains.get(hex(device)) ?? FIRST;
  }

  statement(name: Uint8Array | string): Named | undefined {
    return this.#statements.get(typeof name === "string" ? name : hex(name));
  }

  /** The number at which a device came into the room; infinity if it never did. */
  since(device: Uint8Array): number {
    return this.#since.get(hex(device)) ?? Number.POSITIVE_INFINITY;
  }

  /** The number of the first message; infinity while nothing was said. */
  get firstMessage(): number {
    return this.entries.find(({ kind }) => kind === "message")?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** The newest statement of each device, in the order the devices came. */
  get newest(): Named[] {
    const found = new Map<string, Named>();
    for (const named of this.#statements.values()) found.set(hex(named.statement.device), named);
    return [...found.values()];
  }

  /** A statement that came beside the log, for a reader to whom its entry is closed. @throws BadSeal */
  async know(bytes: Uint8Array): Promise<void> {
    const statement = await this.#statementOf(bytes);
    const name = await nameOf(statement);
    if (!this.#statements.has(hex(name))) this.#statements.set(hex(name), { name, statement });
  }

  /** Take the next entry of the log. Entries must come in order; a number may be skipped only by a declared gap. */
  async take(sent: Sent): Promise<Checked> {
    const after = declaredGap(sent);
    must(sent.seq === this.#seq + 1 || (after !== null && after <= this.#seq && sent.seq > this.#seq), "The log has a gap.");
    if (after !== null) {
      if (after < this.#seq) this.#forget(after);
      if (sent.seq > after + 1) this.#gaps.push([after + 1, sent.seq - 1]);
    }
    const entry = await this.#hashed(sent);
    const isTrue = sent.head === undefined || sent.head === hex(entry.head);
    // Only what was changed is lost: the rest is held against the head that the hub signed.
    if (!isTrue && (await this.#isSigned(sent))) entry.head = fromHex(sent.head ?? "", 32);
    this.entries.push(entry);
    this.#seq = entry.seq;
    this.#head = entry.head;
    this.#heads.set(entry.seq, entry.head);
    if (!isTrue) this.#contradict(entry, `What the hub shows as number ${entry.seq} is not what it signed.`);
    if (!entry.content || !isTrue) {
      this.#closedAtAll += 1;
      return entry;
    }
    try {
      if (entry.kind === "key") await this.#takeStatement(entry, entry.content);
      else if (entry.kind === "message") await this.#takeMessage(entry, entry.content);
    } catch (thrown) {
      entry.fault = thrown instanceof BadSeal ? thrown.message : "It could not be checked.";
    }
    return entry;
  }

  /** Whether the hub signed for the log up to an entry of it. */
  async hasReceipt(sent: Sent): Promise<boolean> {
    const head = this.#heads.get(sent.seq);
    if (!head || !sent.receipt || sent.at === undefined) return false;
    return isReceipt(this.#hub, fromHex(sent.receipt, 64), this.room, sent.seq, sent.at, head);
  }

  /** The hub went back to an older copy: what it lost stays on the page, but nothing can be built on it. */
  #forget(after: number): void {
    this.#seq = after;
    this.#head = this.#heads.get(after) ?? this.#head;
    this.#chains.clear();
    for (const { seq, statement, envelope, name } of this.entries) {
      if (seq > after) this.#heads.delete(seq);
      if (seq > after && !envelope && name) this.#statements.delete(name);
      if (seq <= after && !this.isLost(seq) && envelope && statement) this.#chains.set(hex(envelope.device), { index: envelope.index + 1, previous: fromHex(name) });
    }
  }

  async #isSigned({ head, receipt, seq, at = 0 }: Sent): Promise<boolean> {
    return head !== undefined && receipt !== undefined && isReceipt(this.#hub, fromHex(receipt, 64), this.room, seq, at, fromHex(head, 32));
  }

  async #hashed(sent: Sent): Promise<Checked> {
    const { seq, at = 0 } = sent;
    const content = contentOf(sent);
    const kind = isKind(sent.kind) ? sent.kind : "";
    must(content === null || kind !== "", "This kind of entry is unknown.");
    const hash = content && kind ? await entryHash(seq, at, kind, content) : fromHex(sent.hash ?? "", 32);
    if (sent.hash !== undefined && sent.hash !== hex(hash)) this.contradictions.push(`What the hub shows as number ${seq} does not have the hash it gave.`);
    return { seq, kind, at, hash, head: await nextHead(this.#head, hash), content, name: "" };
  }

  async #takeStatement(entry: Checked, content: Bytes): Promise<void> {
    const statement = await this.#statementOf(content);
    const named = { name: await nameOf(statement), statement };
    entry.name = hex(named.name);
    entry.statement = named;
    // Said again it becomes the newest of its device.
    this.#statements.delete(entry.name);
    this.#statements.set(entry.name, named);
    const device = hex(statement.device);
    if (!this.#since.has(device)) this.#since.set(device, entry.seq);
  }

  /** A statement that is of this room or of the stock. @throws BadSeal */
  async #statementOf(bytes: Uint8Array): Promise<Statement> {
    const statement = await checkedStatement(bytes);
    must(isZero(statement.room) || same(statement.room, this.room), "The key is for another room.");
    return statement;
  }

  async #takeMessage(entry: Checked, content: Bytes): Promise<void> {
    const envelope = parseEnvelope(content);
    entry.envelope = envelope;
    entry.name = hex(await nameOf(envelope));
    must(same(envelope.room, this.room), "It was written for another room.");
    const sender = this.#statements.get(hex(envelope.statement));
    must(sender !== undefined, "Its sender's key is not in the log.");
    const { statement } = sender;
    must(same(statement.address, envelope.address) && same(statement.device, envelope.device), "It names another sender than its key.");
    must(await isSigned(envelope, statement), "It is not signed by its sender.");
    entry.statement = sender;
    // From here on it is the sender's: what does not fit is the hub's doing or his.
    this.#follow(envelope, await nameOf(envelope), entry);
    must(envelope.wraps.every(({ name }) => this.#statements.has(hex(name))), "It is sealed to a key that is not in the log.");
    this.#compare(envelope, entry);
  }

  #follow(envelope: Envelope, name: Bytes, entry: Checked): void {
    const device = hex(envelope.device);
    const { index, previous } = this.nextOf(envelope.device);
    const closed = this.#closedAtAll - (this.#closed.get(device) ?? 0);
    this.#closed.set(device, this.#closedAtAll);
    this.#chains.set(device, { index: envelope.index + 1, previous: name });
    if (envelope.index === index && same(envelope.previous, previous)) return;
    // What is closed to this reader may be the messages in between; it cannot be fewer than are missing.
    if (envelope.index > index && envelope.index - index <= closed) return;
    this.#contradict(entry, `Number ${entry.seq} does not follow its sender's message before it: one was dropped, changed or put in another place.`);
  }

  #compare(envelope: Envelope, entry: Checked): void {
    must(envelope.seen < entry.seq, "It claims to have seen what came later.");
    const head = this.#heads.get(envelope.seen);
    if (!head && this.isLost(envelope.seen)) return;
    if (!head || !same(head, envelope.seenHead)) this.#contradict(entry, `The sender of number ${entry.seq} saw another log up to number ${envelope.seen} than this one.`);
  }

  #contradict(entry: Checked, what: string): void {
    this.contradictions.push(what);
    entry.fault = what;
  }
}

/** The number before a gap that the line itself declares, which its hash covers; null for every other entry. */
function declaredGap({ kind, data, seq }: Sent): number | null {
  if (kind !== "system" || typeof data !== "string" || !data.includes('"restored"')) return null;
  const line = parseCanonical(data) as { code?: string; params?: { after?: unknown } };
  const after = line.params?.after;
  return line.code === "restored" && typeof after === "number" && Number.isSafeInteger(after) && after >= 0 && after < seq ? after : null;
}

/** The bytes whose hash an entry carries, or null where only the hash is known. @throws BadSeal */
function contentOf(sent: Sent): Bytes | null {
  if (typeof sent.body === "string") return fromBase64(sent.body);
  return typeof sent.data === "string" ? utf8(sent.data) : null;
}
