/**
 * <app-chat data-room data-viewer data-entries data-marks data-files data-device>: one room's sealed conversation.
 *
 * The server drew the hub's lines; the first pull brings everything. Entries come by number and are only ever appended;
 * what was written but not yet stored waits in the browser under a number of its own and is sent until it is. What a
 * message says comes from sealed/, fetched apart; where that fails the lines of the trade are still shown.
 */

import { connection } from "../chat/connection.ts";
import { Log, type Entry, type Member, type Page } from "../chat/log.ts";
import { sizeOf } from "../chat/text.ts";
import { Unsents } from "../chat/unsent.ts";
import { dayOf, dayView, drawTick, hiddenView, hindranceView, lineView, messageView, noteView, olderView, unboundView, unreadView, unsentView } from "../chat/view.ts";
import { isSecret, type Danger } from "../chat/warnings.ts";
import { el } from "../dom.ts";
import { getJson, postJson, Problem, viewer, type Json } from "../page.ts";
import type { Conversation, Shown } from "../sealed/conversation.ts";

const MOST_BYTES = 4_000;
// Refusals that another try may undo; every other one is for the person to read.
const PASSING = ["offline", "unavailable", "too_fast", "server", "signed_out"];
// Nothing goes out until the person or the other side has done something; the log tells when.
const WAITING = ["asks", "no_reader", "unbound", "no_seal"];
const NO_CONNECTION = "waits for the connection";
const AGAIN_MILLISECONDS = 5_000;
const CAUTION = "This looks like a wallet's secret words or key. Nobody needs it, ever. Press send again only if you are sure it is something else.";

class Chat extends HTMLElement {
  readonly #log = new Log();
  readonly #heeded = new Set<Danger>();
  readonly #own = new Map<number, { view: HTMLElement; at: number }>();
  #conversation: Conversation | null = null;
  #trouble = "";
  #waits = NO_CONNECTION;
  #pulling: Promise<void> | null = null;
  #unsents!: Unsents;
  #stop: (() => void)[] = [];
  #pullAgain = false;
  #isFlushing = false;
  #isLoaded = false;
  #day = "";
  #cautioned = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  connectedCallback(): void {
    this.#unsents = new Unsents(cupboard(), this.dataset["viewer"] ?? "", this.dataset["room"] ?? "");
    this.#field.value = this.#unsents.draft;
    const onSubmit = (event: Event): void => {
      event.preventDefault();
      this.#submit();
    };
    const onQuick = (event: Event): void => {
      const text = (event.target as Element).closest("button")?.textContent;
      if (text) this.send(text.trim());
    };
    this.#listen(this.#form, "submit", onSubmit);
    this.#listen(this.#field, "input", () => this.#write());
    this.#listen(this.querySelector("[data-quick]"), "click", onQuick);
    this.#listen(this.querySelector("[data-lock]"), "click", () => void this.showLock());
    this.#listen(this.querySelector("[data-file]"), "change", () => this.#pick());
    this.#listen(this, "dragover", (event) => this.#drag(event as DragEvent));
    this.#listen(this, "drop", (event) => this.#drop(event as DragEvent));
    this.#listen(this.#field, "paste", (event) => this.#paste(event as ClipboardEvent));
    this.#listen(document, "visibilitychange", () => void this.#mark());
    this.#listen(window, "focus", () => void this.#mark());
    this.#listen(window, "storage", (event) => {
      if ((event as StorageEvent).key === this.#unsents.key) this.#drawUnsent();
    });
    this.#stop.push(connection().follow(this.#topic, () => this.refresh()));
    this.refresh();
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stop.splice(0)) stop();
  }

  /** Queue a text; it is sent until the hub has stored it. */
  send(text: string): void {
    this.#unsents.add(text, newId(), Date.now() / 1000);
    this.#drawUnsent();
    void this.#flush();
  }

  /** Bring the log up to date and send what waits. */
  refresh(): void {
    void this.#pull().then(() => this.#flush());
  }

  /** Open the sheet that says who can read this. */
  async showLock(): Promise<void> {
    const { openSheet } = await import("../sealed/sheet.ts");
    openSheet(this.#conversation, this.#trouble);
  }

  // --- reading ---------------------------------------------------------------------------------

  /** Settles when everything that stood in the log when it was called is here. */
  #pull(): Promise<void> {
    if (this.#pulling) {
      this.#pullAgain = true;
      return this.#pulling;
    }
    this.#pulling = this.#pullAll().finally(() => (this.#pulling = null));
    return this.#pulling;
  }

  async #pullAll(): Promise<void> {
    try {
      do {
        this.#pullAgain = false;
        const after = this.#log.cursor;
        await this.#take(await this.#ask<Page>("pull", { after }, () => getJson(`${this.dataset["entries"]}?after=${after}`)));
      } while (this.#log.isBehind || this.#pullAgain);
      await this.#mark();
    } catch {
      // What is on the page stays; the next hint, focus or poll tries again.
    }
  }

  async #take(page: Page): Promise<void> {
    const wasAtEnd = this.#isAtEnd;
    const fresh = this.#log.take(page);
    const shown = await this.#open(page, fresh);
    const me = this.#log.me;
    if (!this.#isLoaded) {
      this.#isLoaded = true;
      this.#room.replaceChildren();
    }
    for (const entry of fresh) this.#append(entry, shown?.get(entry.seq), me);
    this.#drawTicks();
    this.#drawUnsent();
    this.#drawPeer();
    this.#drawAlerts();
    if (!this.#log.isBehind) this.#settle(wasAtEnd && fresh.length > 0);
    if (!this.#log.closed) void this.#conversation?.getReady().catch(() => undefined);
  }

  /** What the entries say, or null where this browser cannot tell; the trade's lines are shown all the same. */
  async #open(page: Page, fresh: Entry[]): Promise<Map<number, Shown> | null> {
    if (this.#trouble) return null;
    try {
      this.#conversation ??= await this.#meet();
      return await this.#conversation.take(page, fresh);
    } catch (thrown) {
      this.#conversation = null;
      this.#trouble = thrown instanceof Problem ? thrown.message : "This browser could not check the conversation, so it shows none of it. Reload the page; the trade is not affected.";
      return null;
    }
  }

  async #meet(): Promise<Conversation> {
    const { Conversation } = await import("../sealed/conversation.ts");
    return Conversation.of(this.dataset["room"] ?? "", viewer(), this.dataset["device"] ?? "", {
      post: (data) => this.#ask("post", data, () => postJson(this.dataset["entries"] ?? "", data)),
      pull: () => this.#pull(),
    });
  }

  #append(entry: Entry, shown: Shown | undefined, me: Member | undefined): void {
    if (shown?.clientId) this.#unsents.drop(shown.clientId);
    const view = this.#view(entry, shown);
    if (!view) return;
    if (me && me.read && entry.seq > me.read && !this.#log.isMine(entry) && !this.querySelector(".is-new")) this.#add(unreadView());
    if (dayOf(entry.at) !== this.#day) {
      this.#day = dayOf(entry.at);
      this.#add(dayView(entry.at));
    }
    if (shown?.isMine && shown.reading.is === "text") this.#own.set(entry.seq, { view, at: entry.at });
    this.#add(view);
  }

  #view(entry: Entry, shown: Shown | undefined): HTMLElement | null {
    if (entry.kind === "system" || entry.kind === "staff") return lineView(entry);
    if (entry.removed) return hiddenView(entry, "This message was removed: it was kept for its time after the end of the trade.", false);
    if (!shown) return entry.kind === "message" ? hiddenView(entry, "This message cannot be read in this browser right now.", false) : null;
    const { reading, isMine } = shown;
    if (reading.is === "text") return messageView(entry, reading.text, this.#log.nameOf(entry), isMine, this.#heeded);
    if (reading.is === "file") return this.#fileView(entry, reading.manifest, isMine);
    if (reading.is === "opening") return noteView(entry, reading.count === 1 ? "One message was opened for the arbitrator" : `${reading.count} messages were opened for the arbitrator`);
    if (reading.is === "older") return olderView(entry, this.#room.querySelector(":scope > :nth-last-child(1 of :not(.is-unsent))"));
    if (reading.is === "hidden") return hiddenView(entry, reading.why, reading.grave);
    return reading.is === "note" ? noteView(entry, reading.text) : null;
  }

  /** A tile whose code is fetched with the first file; until then the place is kept. */
  #fileView(entry: Entry, manifest: Parameters<Conversation["sendFile"]>[1], isMine: boolean): HTMLElement {
    const place = el("div", { class: isMine ? "msg is-mine" : "msg", id: `m-${entry.seq}` });
    void import("../sealed/filing.ts").then(({ fileView }) => {
      const view = fileView(entry, manifest, this.#log.nameOf(entry), isMine, this.dataset["files"] ?? "");
      place.replaceWith(view);
      if (isMine) this.#own.set(entry.seq, { view, at: entry.at });
      this.#drawTicks();
    });
    return place;
  }

  /** After a decision about a device: what it wrote is looked at again in its place. */
  async #readAgain(): Promise<void> {
    for (const entry of this.#log.entries) {
      const old = entry.kind === "message" ? this.querySelector<HTMLElement>(`.hidden-msg[id="m-${entry.seq}"]`) : null;
      const shown = old && (await this.#conversation?.again(entry));
      const view = shown && this.#view(entry, shown);
      if (old && view) old.replaceWith(view);
    }
    this.#drawAlerts();
    await this.#flush();
  }

  /** Only what comes after the first load is spoken, and only a reader at the end is taken along. */
  #settle(follow: boolean): void {
    if (this.#room.getAttribute("aria-live") === "off") {
      this.#room.removeAttribute("aria-live");
      this.#scroll();
      if (location.hash.startsWith("#m-")) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
    } else if (follow) this.#scroll();
  }

  // --- writing ---------------------------------------------------------------------------------

  #submit(): void {
    const text = this.#field.value.trim();
    if (!text) return;
    if (sizeOf(text) > MOST_BYTES) {
      this.#caution(`This is too long: ${sizeOf(text)} of ${MOST_BYTES} bytes. Send it in two parts.`);
      return;
    }
    if (isSecret(text) && this.#cautioned !== text) {
      this.#cautioned = text;
      this.#caution(CAUTION);
      return;
    }
    this.#field.value = "";
    this.#caution("");
    this.send(text);
  }

  #write(): void {
    this.#unsents.draft = this.#field.value;
    this.#caution(isSecret(this.#field.value) ? CAUTION : "");
  }

  // --- files -----------------------------------------------------------------------------------

  #pick(): void {
    const input = this.querySelector<HTMLInputElement>("[data-file]");
    const file = input?.files?.[0];
    if (input && file) void this.#look(file).finally(() => (input.value = ""));
  }

  #drag(event: DragEvent): void {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  }

  #drop(event: DragEvent): void {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void this.#look(file);
  }

  #paste(event: ClipboardEvent): void {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    void this.#look(file);
  }

  /** Show a file as it would be sent; nothing leaves before the person says so. */
  async #look(file: File): Promise<void> {
    const place = this.querySelector<HTMLElement>("[data-filing]");
    if (!place || this.#log.closed) return;
    this.#caution("");
    const close = (): void => place.replaceChildren();
    try {
      const conversation = this.#conversation;
      if (!conversation) throw new Problem(this.#trouble || "The conversation is not here yet. Try again in a moment.");
      const { previewOf } = await import("../sealed/filing.ts");
      const send = async (manifest: Parameters<Conversation["sendFile"]>[1]): Promise<void> => {
        await conversation.sendFile(newId(), manifest);
        await this.#pull();
      };
      place.replaceChildren(await previewOf(file, send, this.dataset["files"] ?? "", close));
    } catch (thrown) {
      close();
      this.#caution(thrown instanceof Problem ? thrown.message : "This file could not be read. Nothing was sent.");
    }
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing || this.#log.closed || !this.#isLoaded) return;
    this.#isFlushing = true;
    let waits = NO_CONNECTION;
    try {
      for (const unsent of this.#unsents.queue) if (!unsent.problem) await this.#post(unsent.clientId, unsent.text);
    } catch (refusal) {
      const code = refusal instanceof Problem ? refusal.code : "";
      if (WAITING.includes(code)) waits = (refusal as Problem).message;
      else this.#tryLater(code === "too_fast" ? 2 * AGAIN_MILLISECONDS : AGAIN_MILLISECONDS);
    } finally {
      this.#isFlushing = false;
    }
    if (waits !== this.#waits) {
      this.#waits = waits;
      this.#drawUnsent();
    }
    if (waits === NO_CONNECTION && this.#unsents.queue.some((unsent) => !unsent.problem)) await this.#pull();
  }

  #tryLater(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#flush(), milliseconds);
  }

  /** @throws Problem if another try may work. */
  async #post(clientId: string, text: string): Promise<void> {
    try {
      if (!this.#conversation) throw new Problem(this.#trouble || "waits for this page", "no_seal");
      await this.#conversation.send(clientId, text);
    } catch (refusal) {
      if (!(refusal instanceof Problem) || PASSING.includes(refusal.code) || WAITING.includes(refusal.code)) throw refusal;
      this.#unsents.fail(clientId, refusal.message);
      this.#drawUnsent();
    }
  }

  /** Over the socket while it is open, else over HTTP; the same number makes doing both harmless. */
  async #ask<T>(action: string, data: { [key: string]: Json }, byHttp: () => Promise<T>): Promise<T> {
    if (connection().state !== "open") return byHttp();
    try {
      return (await connection().ask(this.#topic, action, data)) as T;
    } catch (refusal) {
      if (refusal instanceof Problem && refusal.code !== "offline") throw refusal;
      return byHttp();
    }
  }

  async #mark(): Promise<void> {
    const me = this.#log.me;
    const delivered = this.#log.cursor;
    const isSeen = document.visibilityState === "visible" && document.hasFocus() && this.#isShown;
    const read = isSeen ? delivered : (me?.read ?? 0);
    if (!me || (delivered <= me.delivered && read <= me.read)) return;
    [me.delivered, me.read] = [delivered, read];
    this.#drawCount();
    await this.#ask("mark", { delivered, read }, () => postJson(this.dataset["marks"] ?? "", { delivered, read })).catch(() => undefined);
  }

  // --- drawing ---------------------------------------------------------------------------------

  #drawTicks(): void {
    for (const [seq, { view, at }] of this.#own) {
      const tick = this.#log.tickOf(seq);
      if (view.dataset["tick"] === tick) continue;
      view.dataset["tick"] = tick;
      drawTick(view, at, tick);
    }
  }

  #drawUnsent(): void {
    for (const old of this.#room.querySelectorAll(".is-unsent")) old.remove();
    const stored = new Set(this.#log.entries.map((entry) => entry.clientId));
    for (const unsent of this.#unsents.queue) {
      if (stored.has(unsent.clientId)) continue;
      const remove = (): void => {
        this.#unsents.drop(unsent.clientId);
        this.#drawUnsent();
      };
      const retry = (): void => {
        this.#field.value = unsent.text;
        remove();
        this.#write();
        this.#field.focus();
      };
      this.#room.append(unsentView(unsent, this.#waits, retry, remove));
    }
    this.#scroll();
  }

  #drawPeer(): void {
    const others = this.#log.members.filter((member) => !member.isMe);
    const presence = this.querySelector(".peer .presence");
    const isHere = others.some((member) => member.here);
    presence?.classList.toggle("is-away", !isHere);
    if (presence) presence.textContent = isHere ? "here now" : "away";
    const end = this.querySelector<HTMLElement>("[data-ended]");
    if (end) end.hidden = !this.#log.closed;
    this.#form.hidden = this.#log.closed;
    this.#drawCount();
  }

  /** What the person must know or decide stands between the log and the field. */
  #drawAlerts(): void {
    const place = this.querySelector<HTMLElement>("[data-alerts]");
    const alerts = this.#conversation?.alerts(() => void this.#readAgain()) ?? [];
    if (this.#trouble) alerts.push(hindranceView(this.#trouble));
    else if (this.#conversation && !this.#conversation.isBound && !this.#log.closed) alerts.push(unboundView());
    const said = alerts.map((alert) => alert.textContent).join();
    if (!place || place.dataset["said"] === said) return;
    place.dataset["said"] = said;
    place.replaceChildren(...alerts);
    // On a phone it may come below what is seen.
    if (alerts.length && this.closest(".chat-first")) place.scrollIntoView({ block: "nearest" });
  }

  /** On a phone the chat has a page of its own; its button shows how much waits there. */
  #drawCount(): void {
    const button = this.#isShown ? null : document.querySelector(".thumb .is-chat");
    if (!button) return;
    const unread = this.#log.unread;
    const count = button.querySelector(".count");
    if (!unread) count?.remove();
    else if (count) count.textContent = String(unread);
    else button.append(el("b", { class: "count" }, String(unread)));
  }

  #caution(text: string): void {
    const place = this.querySelector<HTMLElement>("[data-caution]");
    if (!place || place.textContent === text) return;
    place.textContent = text;
    place.hidden = !text;
  }

  #add(view: HTMLElement): void {
    this.#room.insertBefore(view, this.#room.querySelector(".is-unsent"));
  }

  #scroll(): void {
    this.#room.scrollTop = this.#room.scrollHeight;
  }

  #listen(place: EventTarget | null, name: string, heard: (event: Event) => void): void {
    place?.addEventListener(name, heard);
    this.#stop.push(() => place?.removeEventListener(name, heard));
  }

  get #isAtEnd(): boolean {
    return this.#room.scrollHeight - this.#room.scrollTop - this.#room.clientHeight < 80;
  }

  get #isShown(): boolean {
    return this.offsetParent !== null || this.getClientRects().length > 0;
  }

  get #topic(): string {
    return `room:${this.dataset["room"]}`;
  }

  get #room(): HTMLElement {
    return this.querySelector<HTMLElement>("[data-log]")!;
  }

  get #form(): HTMLFormElement {
    return this.querySelector<HTMLFormElement>("form.composer")!;
  }

  get #field(): HTMLInputElement {
    return this.#form.querySelector<HTMLInputElement>("input[name=text]")!;
  }
}

/** The browser's own storage, if it lets us. */
function cupboard(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

const newId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

customElements.define("app-chat", Chat);
