/**
 * The tab's one connection: topics it follows, questions it asks, and coming back by itself.
 *
 * A hint only says "look again". Every follower is also told to look again after a reconnection, when the page is
 * seen again, and every 30 s; so a lost hint is healed and a connection that never opens becomes polling.
 */

import { Problem, type Json } from "../page.ts";

export const POLL_MILLISECONDS = 30_000;
const FIRST_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 30_000;
const ANSWER_MILLISECONDS = 10_000;
const PING_MILLISECONDS = 25_000;
// After these codes trying again would only repeat the refusal.
const SIGNED_OUT = 4401;
const TOO_MANY = 4413;
const FLOOD = 4429;
// Shorter than this and the server only hung up: the next wait grows.
const STEADY_MILLISECONDS = 10_000;

export type State = "idle" | "connecting" | "open" | "away" | "signed-out";
export type Follower = (seq: number | null) => void;

/** What the connection needs of a WebSocket; tests hand in their own end of a wire. */
export interface Wire {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

interface Question {
  answer(data: Json): void;
  refuse(problem: Problem): void;
  timer: ReturnType<typeof setTimeout>;
}

interface Frame {
  kind: string;
  id?: string;
  topic?: string;
  seq?: number;
  data?: Json;
  error?: { code: string; text: string; field?: string };
}

/** How long to wait before attempt n (0, 1, …): anywhere between the first step and the step's cap, so that many never return at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const cap = Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** (attempt + 1));
  return FIRST_MILLISECONDS + random() * (cap - FIRST_MILLISECONDS);
}

export class Connection {
  readonly #open: () => Wire;
  readonly #isPersonal: boolean;
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #questions = new Map<string, Question>();
  readonly #watchers = new Set<(state: State) => void>();
  #wire: Wire | null = null;
  #state: State = "idle";
  #attempt = 0;
  #openedAt = Number.POSITIVE_INFINITY;
  #number = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;

  /** `isPersonal`: the page was drawn for somebody who is signed in. */
  constructor(open: () => Wire, isPersonal = false) {
    this.#open = open;
    this.#isPersonal = isPersonal;
  }

  get state(): State {
    return this.#state;
  }

  /** Be told of the state now and whenever it changes; the answer stops it. */
  watch(watcher: (state: State) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#state);
    return () => void this.#watchers.delete(watcher);
  }

  /** Hear of a topic until the returned function is called. */
  follow(topic: string, follower: Follower): () => void {
    const followers = this.#followers.get(topic) ?? new Set();
    followers.add(follower);
    this.#followers.set(topic, followers);
    this.#poll ??= setInterval(() => this.lookAgain(), POLL_MILLISECONDS);
    if (followers.size === 1) void this.#subscribe(topic);
    this.#connect();
    return () => this.#unfollow(topic, follower);
  }

  /**
   * The answer to an action on a topic.
   *
   * @throws Problem with the server's sentence; code "offline" if there is no connection or no answer.
   */
  ask<T extends Json>(topic: string, action: string, data: Json = {}): Promise<T> {
    return this.#ask("act", topic, { action, data }) as Promise<T>;
  }

  /** Tell all followers to look, whatever the connection does. */
  lookAgain(): void {
    for (const followers of this.#followers.values()) for (const follower of followers) follower(null);
  }

  /** Try now instead of later: the network or the page is back. */
  wake(): void {
    this.#attempt = 0;
    if (this.#state === "away") this.#connect();
    else if (this.#state === "open") void this.#beat();
    this.lookAgain();
  }

  #unfollow(topic: string, follower: Follower): void {
    const followers = this.#followers.get(topic);
    followers?.delete(follower);
    if (followers?.size !== 0) return;
    this.#followers.delete(topic);
    void this.#ask("unsubscribe", topic).catch(() => undefined);
    if (this.#followers.size) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #connect(): void {
    clearTimeout(this.#retry);
    if (this.#wire || !this.#followers.size || this.#state === "signed-out") return;
    this.#become("connecting");
    const wire = this.#open();
    this.#wire = wire;
    wire.onopen = () => this.#opened();
    wire.onmessage = ({ data }) => this.#read(String(data));
    wire.onclose = ({ code }) => this.#closed(wire, code);
  }

  #opened(): void {
    this.#openedAt = Date.now();
    this.#become("open");
    this.#ping = setInterval(() => void this.#beat(), PING_MILLISECONDS);
    for (const topic of this.#followers.keys()) void this.#subscribe(topic);
  }

  #closed(wire: Wire, code: number): void {
    if (wire !== this.#wire) return;
    this.#wire = null;
    clearInterval(this.#ping);
    for (const id of [...this.#questions.keys()]) this.#settle(id)?.refuse(offline());
    if (code === SIGNED_OUT) {
      clearInterval(this.#poll);
      this.#become("signed-out");
      return;
    }
    if (Date.now() - this.#openedAt > STEADY_MILLISECONDS) this.#attempt = 0;
    this.#openedAt = Number.POSITIVE_INFINITY;
    this.#become("away");
    if (code === TOO_MANY) return;
    const wait = backoff(this.#attempt) + (code === FLOOD ? 10_000 : 0);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  async #subscribe(topic: string): Promise<void> {
    if (this.#state !== "open") return;
    try {
      await this.#ask("subscribe", topic);
    } catch {
      // Not ours any more, or the site is short of something: polling goes on.
      return;
    }
    // What happened before the subscription stood was not hinted.
    for (const follower of this.#followers.get(topic) ?? []) follower(null);
  }

  #read(text: string): void {
    const frame = JSON.parse(text) as Frame;
    if (frame.kind === "welcome") this.#greeted(frame.data);
    else if (frame.kind === "hint" && frame.topic) {
      for (const follower of this.#followers.get(frame.topic) ?? []) follower(frame.seq ?? null);
    } else if (frame.kind === "reply" && frame.id) {
      this.#settle(frame.id)?.answer(frame.data ?? {});
    } else if (frame.kind === "error" && frame.id) {
      const { code, text: sentence, field } = frame.error ?? { code: "server", text: "" };
      this.#settle(frame.id)?.refuse(new Problem(sentence, code, field ?? null));
    }
  }

  /** The session ended between drawing the page and opening the connection: it is nobody's, and would hear of nothing. */
  #greeted(data: Json | undefined): void {
    const wire = this.#wire;
    if (!wire || !this.#isPersonal || (data as { user?: Json })?.user !== null) return;
    wire.close();
    this.#closed(wire, SIGNED_OUT);
  }

  #ask(op: string, topic: string, more: Record<string, Json> = {}): Promise<Json> {
    const wire = this.#wire;
    if (!wire || this.#state !== "open") return Promise.reject(offline());
    this.#number += 1;
    const id = String(this.#number);
    const asked = new Promise<Json>((answer, refuse) => {
      const timer = setTimeout(() => this.#settle(id)?.refuse(offline()), ANSWER_MILLISECONDS);
      this.#questions.set(id, { answer, refuse, timer });
    });
    wire.send(JSON.stringify({ v: 1, op, id, ...(topic ? { topic } : {}), ...more }));
    return asked;
  }

  #settle(id: string): Question | undefined {
    const question = this.#questions.get(id);
    clearTimeout(question?.timer);
    this.#questions.delete(id);
    return question;
  }

  /** A connection that does not answer a ping is none, whatever the browser says. */
  async #beat(): Promise<void> {
    const wire = this.#wire;
    try {
      await this.#ask("ping", "");
    } catch {
      if (!wire || wire !== this.#wire) return;
      wire.close();
      this.#closed(wire, 1006);
    }
  }

  #become(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}

const offline = (): Problem => new Problem("The connection is away. The page goes on by itself when it is back.", "offline");

let shared: Connection | undefined;

/** The connection of this tab. */
export function connection(): Connection {
  if (shared) return shared;
  const address = new URL("/ws/", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const isPersonal = document.querySelector("meta[name=viewer]") !== null;
  const made = new Connection(() => new WebSocket(address) as unknown as Wire, isPersonal);
  addEventListener("online", () => made.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") made.wake();
  });
  shared = made;
  return made;
}
