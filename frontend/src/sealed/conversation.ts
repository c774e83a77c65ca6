/** The sealed side of <app-chat>: what its entries say, what the person must decide, and sending. Fetched when a chat is on the page. */

import type { Entry, Page } from "../chat/log.ts";
import { type Json, embedded, Problem } from "../page.ts";
import { checkSheet, type Sheet } from "../sheet.ts";
import { hex } from "./bytes.ts";
import { alarmView, deviceView, type Person } from "./alerts.ts";
import type { Manifest } from "./file.ts";
import type { Named } from "./messages.ts";
import { type Reading, Room, type Wire } from "./room.ts";
import type { Checked } from "./transcript.ts";
import { safetyCode } from "./trust.ts";

/** What the chat draws in an entry's place. */
export interface Shown {
  reading: Reading | { is: "note"; text: string } | { is: "nothing" };
  isMine: boolean;
  clientId: string;
}

export class Conversation {
  readonly room: Room;
  readonly #later = new Set<string>();
  readonly #checked = new Map<number, Checked>();
  readonly #session: string;
  #isReady = false;

  private constructor(room: Room, session: string) {
    this.room = room;
    this.#session = session;
  }

  /** `session` is the device that the session was signed in with, or an empty text. @throws Problem where nothing can be sealed. */
  static async of(key: string, viewer: string, session: string, wire: { post(data: { [key: string]: Json }): Promise<unknown>; pull(): Promise<void> }): Promise<Conversation> {
    const post = async (data: { [key: string]: Json }): Promise<void> => void (await wire.post(data));
    const way: Wire = { post, pull: () => wire.pull() };
    return new Conversation(await Room.of(key, viewer, termsOf(key), way), session);
  }

  /** Whether the hub takes what this browser seals. */
  get isBound(): boolean {
    return this.room.isBound(this.#session);
  }

  /** Check new entries and say what to draw for each. */
  async take(page: Page, fresh: Entry[]): Promise<Map<number, Shown>> {
    const shown = new Map<number, Shown>();
    for (const checked of await this.room.take(page, fresh)) {
      this.#checked.set(checked.seq, checked);
      const entry = fresh.find(({ seq }) => seq === checked.seq);
      if (entry) shown.set(entry.seq, await this.#shown(entry, checked));
    }
    return shown;
  }

  /** The same for one entry again, after something was accepted. */
  async again(entry: Entry): Promise<Shown | null> {
    const checked = this.#checked.get(entry.seq);
    return checked ? this.#shown(entry, checked) : null;
  }

  async #shown(entry: Entry, checked: Checked): Promise<Shown> {
    const isMine = checked.envelope !== undefined && this.room.isMine(checked.envelope.address);
    const clientId = isMine && !checked.fault && checked.envelope ? hex(checked.envelope.clientId) : "";
    if (entry.kind === "key") return { reading: this.#keyNote(entry, checked), isMine: false, clientId: "" };
    const member = this.room.members.find(({ id }) => id === entry.sender);
    return { reading: await this.room.read(checked, member?.address), isMine, clientId };
  }

  #keyNote(entry: Entry, { statement, fault }: Checked): Shown["reading"] {
    const { room } = this;
    if (fault || !statement) return { is: "hidden", why: `A key in this place could not be verified and is not used. ${fault ?? ""}`.trim(), grave: true };
    if (entry.observer) return { is: "note", text: "The arbitrator's key is here: what you show can be sealed for them" };
    const isOwn = room.isMine(statement.statement.address);
    if (isOwn && hex(statement.statement.device) === hex(room.device)) return { is: "nothing" };
    const standing = room.standingOf(statement);
    if (standing === "refused") {
      return { is: "hidden", why: `The hub named a key for ${this.#nameOf(statement)} that their wallet did not sign. It is not used: nothing is sealed for it and nothing signed by it is shown.`, grave: true };
    }
    if (room.transcript.since(statement.statement.device) < entry.seq || room.transcript.firstMessage > entry.seq) return { is: "nothing" };
    const code = safetyCode(statement.statement.device);
    return { is: "note", text: isOwn ? `You signed in on another device (${code}). It reads along from here. If that was not you, secure your wallet now` : `${this.#nameOf(statement)} signed in on another device (${code})` };
  }

  #nameOf(named: Named): string {
    const address = `0x${hex(named.statement.address)}`;
    if (this.room.isMine(named.statement.address)) return "you";
    return this.room.members.find((member) => member.address?.toLowerCase() === address)?.label ?? address;
  }

  // --- writing ---------------------------------------------------------------------------------

  /** @throws Problem; code "asks" or "no_reader" while nothing may go out, "unbound" where the session is another device's. */
  async send(clientId: string, text: string): Promise<void> {
    if (!this.isBound) throw new Problem("It waits until you sign in again in this browser.", "unbound");
    await this.room.send(clientId, text);
  }

  /** The same for a file that the hub has. @throws Problem */
  async sendFile(clientId: string, manifest: Manifest): Promise<void> {
    if (!this.isBound) throw new Problem("Sign in again in this browser first.", "unbound");
    await this.room.sendFile(clientId, manifest);
  }

  /** Put this device's key into the room and keep the stock full; once. What fails is tried with the next page of the log. */
  async getReady(): Promise<void> {
    if (!this.isBound || this.#isReady) return;
    this.#isReady = true;
    try {
      await this.room.join();
      const { fillStock } = await import("./stock.ts");
      await fillStock(this.room.viewer);
    } catch (thrown) {
      this.#isReady = false;
      throw thrown;
    }
  }

  // --- what the person must know or decide ------------------------------------------------------

  /** Banners and questions that stand above the composer. `changed` is called after a decision. */
  alerts(changed: () => void): HTMLElement[] {
    const alarms = this.room.contradictions.length ? [alarmView(this.room.contradictions)] : [];
    const questions = this.room.asking.map((named) => {
      const device = hex(named.statement.device);
      const decide = (isAccepted: boolean): void => {
        if (!isAccepted) this.#later.add(device);
        void (isAccepted ? this.room.accept(named) : Promise.resolve()).then(changed);
      };
      const look = (): void => {
        this.#later.delete(device);
        changed();
      };
      return deviceView(this.#person(named), this.#later.has(device), decide, look);
    });
    return [...alarms, ...questions];
  }

  #person(named: Named): Person {
    const isMe = this.room.isMine(named.statement.address);
    return { name: this.#nameOf(named), isMe, code: safetyCode(named.statement.device), voucher: this.room.voucherOf(named) ?? "hub" };
  }

  /** Everybody's devices as the sheet lists them, this one first. */
  get devices(): (Person & { isThis: boolean; isAccepted: boolean })[] {
    return this.room.present
      .map((named) => ({
        ...this.#person(named),
        isThis: hex(named.statement.device) === hex(this.room.device),
        isAccepted: this.room.standingOf(named) === "accepted",
      }))
      .sort((one, other) => Number(other.isMe) - Number(one.isMe) || Number(other.isThis) - Number(one.isThis));
  }
}

/** The devices that the trade's Agreement names, if this page holds the sheet of exactly this room's trade and it is sound. */
function termsOf(key: string): string[] {
  const sheet = embedded<Sheet>("trade-sheet");
  if (!sheet || !key.toLowerCase().includes(sheet.ref.toLowerCase())) return [];
  try {
    checkSheet(sheet);
    return [String(sheet.agreement["buyerDevice"]), String(sheet.agreement["sellerDevice"])];
  } catch {
    return [];
  }
}
