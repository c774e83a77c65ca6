/** What the person wrote and the hub has not stored yet: kept in the browser, so that a closed tab loses nothing. */

export interface Unsent {
  clientId: string;
  text: string;
  at: number;
  /** Why the hub refused it for good; it waits for the person then. */
  problem?: string;
}

interface Kept {
  draft: string;
  queue: Unsent[];
}

export interface Cupboard {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** One person's draft and queue in one room. A browser that forbids storage keeps them for the life of the page. */
export class Unsents {
  readonly key: string;
  readonly #cupboard: Cupboard | null;
  #fallback: Kept = { draft: "", queue: [] };

  constructor(cupboard: Cupboard | null, viewer: string, room: string) {
    this.#cupboard = cupboard;
    this.key = `parley.chat.${viewer}.${room}`;
  }

  get draft(): string {
    return this.#read().draft;
  }

  set draft(text: string) {
    this.#write({ ...this.#read(), draft: text });
  }

  get queue(): Unsent[] {
    return this.#read().queue;
  }

  /** Queue a text under a number of its own; the number makes a retry harmless. */
  add(text: string, clientId: string, at: number): void {
    const kept = this.#read();
    this.#write({ draft: "", queue: [...kept.queue, { clientId, text, at }] });
  }

  drop(clientId: string): void {
    const kept = this.#read();
    this.#write({ ...kept, queue: kept.queue.filter((unsent) => unsent.clientId !== clientId) });
  }

  fail(clientId: string, problem: string): void {
    const kept = this.#read();
    this.#write({ ...kept, queue: kept.queue.map((unsent) => (unsent.clientId === clientId ? { ...unsent, problem } : unsent)) });
  }

  #read(): Kept {
    try {
      const text = this.#cupboard?.getItem(this.key);
      const kept = text ? (JSON.parse(text) as Kept) : null;
      if (kept && typeof kept.draft === "string" && Array.isArray(kept.queue)) return kept;
      return this.#cupboard ? { draft: "", queue: [] } : this.#fallback;
    } catch {
      return this.#fallback;
    }
  }

  #write(kept: Kept): void {
    this.#fallback = kept;
    try {
      if (kept.draft || kept.queue.length) this.#cupboard?.setItem(this.key, JSON.stringify(kept));
      else this.#cupboard?.removeItem(this.key);
    } catch {
      // A full or forbidden store: the page's memory has it.
    }
  }
}
