/** What the parties opened for the arbitrator: each message checked, each gap shown, and who opened what. */

import { Log, type Page } from "../chat/log.ts";
import { el, icon, short } from "../dom.ts";
import { getJson, type Json, postJson, Problem, viewer } from "../page.ts";
import { BadSeal, type Bytes, hex } from "./bytes.ts";
import type { Found } from "./bundle.ts";
import { OPENING, parseOpening } from "./layout.ts";
import { open } from "./messages.ts";
import { entriesView } from "./report.ts";
import { Room } from "./room.ts";
import { save } from "./saving.ts";
import type { Checked } from "./transcript.ts";
import { wordsIn } from "./words.ts";

interface Place {
  room: string;
  source: string;
  entries: string;
  device: string;
}

/** A key that somebody gave, and who. */
interface Given {
  key: Bytes;
  by: string;
}

/** The list of the case, with what must be known before. @throws Problem */
export async function openedView(data: Record<string, string>): Promise<HTMLElement[]> {
  const place = data as unknown as Place;
  const texts = new Map<number, string>();
  const room = await caseRoom(place, texts);
  const notes: HTMLElement[] = [];
  if (!room.isBound(place.device)) notes.push(tip("key-round", "Your wallet has not signed this browser's keys, so nothing new can be opened for it. Sign in again in this browser."));
  else await room.join().catch(() => notes.push(tip("key-round", "Your key could not be put into this room, so the parties cannot open messages for this browser yet. Reload the page in a moment.")));
  for (const what of room.contradictions) notes.push(tip("shield-alert", `The hub's log contradicts itself. ${what}`));
  const given = await openings(room);
  const found: Found[] = [];
  for (const entry of room.transcript.entries) found.push(await foundIn(room, entry, given, texts));
  const isAny = found.some(({ is }) => is === "message" || is === "bad");
  if (!isAny) return [...notes, el("p", { class: "soft" }, "No message was opened for this browser yet. The parties choose what they show; ask for what you miss.")];
  const names = new Map(room.members.map(({ address = "", label }) => [address.toLowerCase(), label]));
  const more = ({ seq, address, voucher, is }: Found): string => {
    const by = is === "opening" ? undefined : given.get(room.transcript.entries.find((entry) => entry.seq === seq)?.name ?? "")?.by;
    const opened = by ? `opened by ${names.get(by) ?? short(by)}` : "";
    return [names.get(address) ?? "", opened, voucher === "hub" ? "device checked by the hub only" : ""].filter(Boolean).join(" · ");
  };
  return [...notes, entriesView(found.filter(({ is }) => is !== "key"), more), saver(room, given)];
}

async function caseRoom(place: Place, texts: Map<number, string>): Promise<Room> {
  const log = new Log();
  const pull = async (): Promise<void> => {
    do {
      const page = await getJson<Page>(`${place.source}?after=${log.cursor}`);
      const fresh = log.take(page);
      for (const { seq, text } of fresh) if (text) texts.set(seq, text);
      await room.take(page, fresh);
    } while (log.isBehind);
  };
  const post = async (data: { [key: string]: Json }): Promise<void> => void (await postJson(place.entries, data));
  const room = await Room.of(place.room, viewer(), [], { post, pull });
  await pull();
  return room;
}

/** The keys that were given to this browser, by the message's name; only what its sender signed counts. */
async function openings(room: Room): Promise<Map<string, Given>> {
  const given = new Map<string, Given>();
  for (const entry of room.transcript.entries) {
    if (entry.fault || !entry.envelope || !entry.statement || room.voucherOf(entry.statement) === null) continue;
    const key = await room.keyOf(entry).catch(() => null);
    const content = key && (await open(entry.envelope, key).catch(() => null));
    if (content?.type !== OPENING) continue;
    const by = `0x${hex(entry.envelope.address)}`;
    for (const opened of parseOpening(content.content)) {
      const name = hex(opened.name);
      // Whoever gives a key that does not open cannot hide one that does.
      if (!given.has(name) || !(await fits(room, name, given.get(name)))) given.set(name, { key: opened.key, by });
    }
    given.set(entry.name, { key: key as Bytes, by });
  }
  return given;
}

async function fits(room: Room, name: string, given: Given | undefined): Promise<boolean> {
  const envelope = room.transcript.entries.find((entry) => entry.name === name)?.envelope;
  return envelope !== undefined && given !== undefined && open(envelope, given.key).then(() => true, () => false);
}

async function foundIn(room: Room, entry: Checked, given: Map<string, Given>, texts: Map<number, string>): Promise<Found> {
  const { seq, at, kind, content, envelope, statement, fault } = entry;
  const address = statement ? `0x${hex(statement.statement.address)}` : "";
  const voucher = statement ? room.voucherOf(statement) : null;
  const none = { seq, at, address, text: "", ...(voucher ? { voucher } : {}) };
  if (!content) return { ...none, is: "closed" };
  if (kind === "system" || kind === "staff") return { ...none, is: "line", text: texts.get(seq) ?? "" };
  if (fault) return { ...none, is: "bad", why: fault };
  if (!voucher) return { ...none, is: "bad", why: "Its device is not bound to the account by its wallet." };
  if (kind === "key" || !envelope) return { ...none, is: "key" };
  const key = given.get(entry.name)?.key;
  if (!key) return { ...none, is: "closed" };
  try {
    const said = await open(envelope, key);
    return said.type === OPENING ? { ...none, is: "opening" } : { ...none, is: "message", text: wordsIn(said) };
  } catch (thrown) {
    return { ...none, is: "bad", why: thrown instanceof BadSeal ? thrown.message : "It could not be opened." };
  }
}

function saver(room: Room, given: Map<string, Given>): HTMLElement {
  const press = el("button", { class: "btn is-quiet is-small", type: "button" }, icon("download", "s"), "Save as a file");
  const status = el("p", { class: "t125 soft", role: "status" }, "What was opened, for checking without the hub. ", el("a", { href: "/verify/" }, "Check a file"));
  press.addEventListener("click", () => {
    save(room, new Map([...given].map(([name, { key }]) => [name, key]))).then(
      (name) => (status.textContent = `Saved as ${name}.`),
      (thrown: unknown) => (status.textContent = thrown instanceof Problem ? thrown.message : "It could not be saved. Reload the page and try again."),
    );
  });
  return el("div", { class: "stack stack-4" }, el("p", {}, press), status);
}

const tip = (sign: string, text: string): HTMLElement => el("p", { class: "tip is-clay" }, icon(sign), el("span", {}, text));
