/** The log of a room as this page knows it: entries in order, how far they reached whom. No page, no network. */

export interface Row {
  label: string;
  was: string;
  now: string;
}

export interface Entry {
  seq: number;
  kind: "message" | "key" | "system" | "staff" | string;
  at: number;
  sender?: number | null;
  /** Who made a key statement without being a member. */
  observer?: { address: string; role: string };
  /** The log's head after this entry, and the hub's signature under it; hex. */
  head?: string;
  receipt?: string;
  clientId?: string;
  /** The sealed envelope or the key statement, base64. */
  body?: string;
  /** What was said was removed after its time; its hash is still there. */
  removed?: boolean;
  hash?: string;
  /** The canonical JSON of a line, which its hash covers. */
  data?: string;
  text?: string;
  rows?: Row[];
  by?: string | null;
  /** The number before a gap that the hub declared, which this entry ends. */
  after?: number | null;
}

export interface Member {
  id: number;
  role: string;
  label: string;
  isMe: boolean;
  here: boolean;
  delivered: number;
  read: number;
  address?: string;
  bindings?: SentBinding[];
}

/** A sign-in that names a device: hex keys, the message and its signature. */
export interface SentBinding {
  device: string;
  signing: string;
  agreement: string;
  message: string;
  signature: string;
}

export interface Page {
  last: number;
  head?: string;
  /** The room's id, the chain, the contract and the key of the hub's receipts. */
  room?: string;
  chain?: number;
  contract?: string;
  hub?: string;
  observers?: { address: string; role: string; bindings: SentBinding[] }[];
  entries: Entry[];
  members: Member[];
  closed: boolean;
}

export type Tick = "sent" | "delivered" | "read";

export class Log {
  readonly entries: Entry[] = [];
  members: Member[] = [];
  closed = false;
  #last = 0;

  /** The number up to which nothing is missing. */
  get cursor(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  /** Whether the room has more than this page. */
  get isBehind(): boolean {
    return this.#last > this.cursor;
  }

  get me(): Member | undefined {
    return this.members.find((member) => member.isMe);
  }

  /** Take a page of the server; what was new. A gap or a repetition is left out: the next pull brings it in order. */
  take(page: Page): Entry[] {
    const fresh: Entry[] = [];
    for (const entry of page.entries) {
      if (entry.seq <= this.cursor || (entry.after ?? entry.seq - 1) > this.cursor) continue;
      this.entries.push(entry);
      fresh.push(entry);
    }
    this.#last = Math.max(page.last, this.cursor);
    this.members = page.members;
    this.closed = page.closed;
    return fresh;
  }

  isMine(entry: Entry): boolean {
    return entry.sender != null && entry.sender === this.me?.id;
  }

  /** How far an own message got: the others' slowest mark. */
  tickOf(seq: number): Tick {
    const others = this.members.filter((member) => !member.isMe);
    if (others.length && others.every((member) => member.read >= seq)) return "read";
    if (others.length && others.every((member) => member.delivered >= seq)) return "delivered";
    return "sent";
  }

  /** Entries of others behind the own read mark. */
  get unread(): number {
    const read = this.me?.read ?? 0;
    return this.entries.filter((entry) => entry.seq > read && entry.kind !== "key" && !this.isMine(entry)).length;
  }

  nameOf(entry: Entry): string {
    return this.members.find((member) => member.id === entry.sender)?.label ?? "";
  }
}
