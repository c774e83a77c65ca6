/** Picking messages for the arbitrator, and sealing their keys for exactly the account that the contract names. */

import type { Page } from "../chat/log.ts";
import { Log } from "../chat/log.ts";
import { shown } from "../chat/text.ts";
import { momentText } from "../clock.ts";
import { address, el, icon } from "../dom.ts";
import { getJson, type Json, postJson, Problem, viewer } from "../page.ts";
import { checkSheet, type Sheet } from "../sheet.ts";
import { from0x, hex, same } from "./bytes.ts";
import { MOST_OPENED, OPENING, packOpening } from "./layout.ts";
import type { Named } from "./messages.ts";
import { type Readable, Room } from "./room.ts";
import { wordsIn } from "./words.ts";

interface Place {
  room: string;
  device: string;
  entries: string;
  sheet: string;
  audience: string;
  given: string;
}

/** A room over HTTP alone, pulled to its end. @throws Problem */
export async function wholeRoom(key: string, entries: string, terms: string[]): Promise<Room> {
  const log = new Log();
  const pull = async (): Promise<void> => {
    do {
      const page = await getJson<Page>(`${entries}?after=${log.cursor}`);
      await room.take(page, log.take(page));
    } while (log.isBehind);
  };
  const post = async (data: { [key: string]: Json }): Promise<void> => void (await postJson(entries, data));
  const room = await Room.of(key, viewer(), terms, { post, pull });
  await pull();
  return room;
}

export class Picking {
  readonly #room: Room;
  readonly #place: Place;
  readonly #arbitrator: string;
  readonly #readable: Readable[];

  private constructor(room: Room, place: Place, arbitrator: string, readable: Readable[]) {
    this.#room = room;
    this.#place = place;
    this.#arbitrator = arbitrator;
    this.#readable = readable;
  }

  /** @throws Problem; SheetMismatch if the hub's sheet is not that of the contract's trade. */
  static async of(data: Record<string, string>): Promise<Picking> {
    const place = data as unknown as Place;
    const sheet = await getJson<Sheet>(place.sheet);
    checkSheet(sheet);
    const terms = [String(sheet.agreement["buyerDevice"]), String(sheet.agreement["sellerDevice"])];
    const room = await wholeRoom(place.room, place.entries, terms);
    if (!room.isBound(place.device)) throw new Problem("Your wallet has not signed this browser's keys. Sign in again here, or open this page in the browser in which you talked.");
    const readable = (await room.readable()).filter(({ content }) => content.type !== OPENING);
    return new Picking(room, place, sheet.trade.arbitrator, readable);
  }

  /** The newest keys of the arbitrator's devices, each bound by a sign-in of exactly the contract's arbitrator. */
  get #keys(): Named[] {
    const judge = from0x(this.#arbitrator, 20);
    return this.#room.transcript.newest.filter((named) => same(named.statement.address, judge) && this.#room.voucherOf(named) !== null);
  }

  /** The list with its boxes, and what must be known before. */
  view(): HTMLElement[] {
    const given = new Set(this.#place.given.split(",").filter(Boolean));
    const rows = this.#readable.map((readable) => this.#row(readable, given.has(String(readable.entry.seq))));
    const closed = this.#room.transcript.entries.filter(({ kind }) => kind === "message").length - rows.length;
    const notes: HTMLElement[] = [];
    if (!this.#keys.length) notes.push(tip("is-clay", "key-round", "The arbitrator has no key in this room yet, so nothing can be sealed for them. Their key comes when they next sign in or look at the case. Put what matters into your own words meanwhile, and come back."));
    else if (this.#keys.every((named) => this.#room.voucherOf(named) === "hub")) notes.push(this.#onlyHub());
    if (this.#room.contradictions.length) notes.push(tip("is-clay", "shield-alert", `The hub's log contradicts itself: ${this.#room.contradictions[0]} Show the arbitrator a saved file of the conversation too.`));
    if (!rows.length) notes.push(el("p", { class: "soft" }, "There is no message that this browser can read."));
    else if (closed > 0) notes.push(el("p", { class: "t125 soft" }, `${closed} more ${closed === 1 ? "message is" : "messages are"} in the room that this browser cannot read or verify.`));
    return [...notes, ...rows];
  }

  #onlyHub(): HTMLElement {
    const box = el("input", { type: "checkbox", "data-trust": true });
    const words = "The arbitrator's account is a contract, so this browser cannot check that the key is theirs; only the hub could. I take the hub's word for it.";
    return el("label", { class: "check" }, box, el("span", {}, words, el("br"), address(this.#arbitrator)));
  }

  #row({ entry, content }: Readable, isGiven: boolean): HTMLElement {
    const isMine = entry.envelope !== undefined && this.#room.isMine(entry.envelope.address);
    const name = isMine ? "You" : (this.#room.members.find((member) => !member.isMe)?.label ?? "The other side");
    const box = el("input", { type: "checkbox", name: "seq", value: entry.seq, checked: isGiven, disabled: isGiven });
    const about = el("small", { class: "faint" }, `${name} · ${momentText(entry.at)}${isGiven ? " · opened" : ""}`);
    return el("label", { class: "check" }, box, el("span", { dir: "auto" }, ...broken(shown(wordsIn(content))), el("br"), about));
  }

  /** Open the ticked messages. @throws Problem */
  async give(place: HTMLElement): Promise<void> {
    const ticked = new Set([...place.querySelectorAll<HTMLInputElement>("input[name=seq]:checked:not(:disabled)")].map(({ value }) => Number(value)));
    const picked = this.#readable.filter(({ entry }) => ticked.has(entry.seq));
    if (!picked.length) throw new Problem("Tick at least one message.");
    if (!this.#keys.length) throw new Problem("The arbitrator has no key in this room yet, so nothing can be sealed for them. Try again later.");
    const trust = place.querySelector<HTMLInputElement>("[data-trust]");
    if (trust && !trust.checked) throw new Problem("The arbitrator's key could not be checked here. Tick that you take the hub's word for it, or leave the messages closed.");
    for (let at = 0; at < picked.length; at += MOST_OPENED) await this.#open(picked.slice(at, at + MOST_OPENED));
  }

  async #open(picked: Readable[]): Promise<void> {
    const content = packOpening(picked.map(({ entry, key }) => ({ name: from0x(entry.name, 32), key })));
    const more = { opens: picked.map(({ entry }) => entry.seq), audience: this.#place.audience };
    const clientId = hex(crypto.getRandomValues(new Uint8Array(16)));
    // The arbitrator first: whoever has many devices loses the last ones, never the arbitrator.
    await this.#room.post(clientId, { type: OPENING, content }, () => [...this.#keys, ...this.#room.mine], more);
  }
}

const tip = (looks: string, sign: string, text: string): HTMLElement => el("p", { class: `tip ${looks}` }, icon(sign), el("span", {}, text));

const broken = (text: string): (Node | string)[] => text.split("\n").flatMap((part, at) => (at ? [el("br"), part] : [part]));
