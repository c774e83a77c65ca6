/** What a checked bundle proves, one line per number of its log. */

import { shown } from "../chat/text.ts";
import { momentText } from "../clock.ts";
import { address, el, icon, line, short } from "../dom.ts";
import { BadSeal } from "./bytes.ts";
import type { Found, Verdict } from "./bundle.ts";
import type { Voucher } from "./binding.ts";

const VOUCHED: Record<Voucher, string> = {
  wallet: "signed by the wallet",
  terms: "named in the trade's terms",
  hub: "a contract's wallet: its signature cannot be checked here",
};

/** The whole result. */
export function reportView(name: string, verdict: Verdict): HTMLElement {
  const bad = verdict.entries.filter(({ is }) => is === "bad").length;
  const closed = verdict.entries.filter(({ is }) => is === "closed").length;
  const open = verdict.entries.filter(({ is }) => is === "message").length;
  const head = verdict.isWhole
    ? tip("is-moss", "shield-check", `${name} holds. ${count(open, "message")} can be read and ${open === 1 ? "is" : "are"} exactly what ${open === 1 ? "its sender" : "their senders"} signed; ${closed ? `${count(closed, "entry", "entries")} of the log ${closed === 1 ? "is" : "are"} not shown.` : "nothing is left out."}`)
    : tip("is-clay", "shield-alert", `${name} does not hold as a whole. ${bad ? `${count(bad, "line")} below could not be verified. ` : ""}Believe only the lines marked as verified.`);
  return el("section", { class: "stack", "aria-label": "Result" }, head, ...faultsOf(verdict), facts(verdict), entriesView(verdict.entries));
}

/** The file is no bundle. */
export function refusalView(name: string, thrown: unknown): HTMLElement {
  const why = thrown instanceof BadSeal ? thrown.message : "It could not be read.";
  return tip("is-clay", "shield-alert", `${name} proves nothing. ${why}`);
}

/** Entries as a list; used by the desk too. */
export function entriesView(entries: Found[], more: (found: Found) => string = () => ""): HTMLElement {
  const list = el("ol", { class: "proof" });
  let closed: Found[] = [];
  const gap = (): void => {
    const [first, last] = [closed[0], closed.at(-1)];
    if (first && last) list.append(el("li", { class: "is-closed" }, icon("eye-off", "s"), el("p", {}, `${first === last ? `Number ${first.seq}` : `Numbers ${first.seq} to ${last.seq}`}: not shown. A gap is no lie, but something was said or happened there.`)));
    closed = [];
  };
  for (const found of entries) {
    if (found.is === "closed") closed.push(found);
    else {
      gap();
      list.append(entryView(found, more(found)));
    }
  }
  gap();
  return list;
}

function entryView(found: Found, more: string): HTMLElement {
  const { seq, is, at, why = "" } = found;
  const about = el("small", { class: "soft" }, `${seq} · ${momentText(at, "full")}${found.address ? ` · ${short(found.address)}` : ""}${more ? ` · ${more}` : ""}`);
  if (is === "bad") return el("li", { class: "is-bad", id: `p-${seq}` }, icon("shield-alert", "s"), el("p", {}, `Not verified, so not shown. ${why}`), about);
  if (is === "message") return el("li", { class: "is-good", id: `p-${seq}` }, icon("shield-check", "s"), el("p", { dir: "auto" }, ...broken(shown(found.text))), about);
  const words = { opening: "Messages were opened for the arbitrator", key: "A device's key", line: `A line of the hub: ${shown(found.text)}` }[is as "opening" | "key" | "line"];
  return el("li", { class: "is-line", id: `p-${seq}` }, icon(is === "key" ? "key-round" : "info", "s"), el("p", { class: "soft" }, words), about);
}

function faultsOf({ faults }: Verdict): HTMLElement[] {
  return faults.length ? [el("ul", { class: "limits" }, ...faults.map((fault) => el("li", {}, fault)))] : [];
}

function facts({ room, by, made, hash, hub, hasReceipt, sites }: Verdict): HTMLElement {
  return el(
    "dl",
    { class: "ledger" },
    line("Made by", by.address ? address(by.address) : "nobody whose sign-in is in the file"),
    line("Signature of the file", by.isSigned ? `holds; the device is ${by.voucher ? VOUCHED[by.voucher] : "unknown"}` : "does not hold"),
    line("Made", momentText(made, "full")),
    line("Hub's receipt for the log", hasReceipt ? "holds" : "does not hold"),
    line("Key of the hub", el("span", { class: "mono t125" }, hub)),
    line("Sites that devices signed in to", sites.join(", ") || "none"),
    line("Chain and contract", el("span", {}, `${room.chainId}, `, address(`0x${room.contract.replace(/^0x/, "")}`))),
    line("Room", room.name),
    ...(room.trade ? [line("Trade, as its maker names it", el("span", { class: "mono t125" }, room.trade))] : []),
    line("Hash of the file", el("span", { class: "mono t125" }, hash)),
  );
}

const tip = (looks: string, sign: string, text: string): HTMLElement => el("p", { class: `tip ${looks}`, role: "status" }, icon(sign), el("span", {}, text));

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

const broken = (text: string): (Node | string)[] => text.split("\n").flatMap((part, at) => (at ? [el("br"), part] : [part]));
