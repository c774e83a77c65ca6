/** How entries look. A member's text enters as text only; lines of the hub have looks no member can produce. */

import { momentText } from "../clock.ts";
import { el, icon } from "../dom.ts";
import type { Entry, Row, Tick } from "./log.ts";
import { pieces, shown } from "./text.ts";
import type { Unsent } from "./unsent.ts";
import { dangerOf, warningText, type Danger } from "./warnings.ts";

const TICKS: Record<Tick, string> = { sent: "check", delivered: "check-check", read: "check-check" };
const DAY: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" };
const DAY_MILLISECONDS = 86_400_000;

/** A message of a member; `name` is said to those who do not see on which side it stands. */
export function messageView(entry: Entry, said: string, name: string, isMine: boolean, heeded: Set<Danger>): HTMLElement {
  const text = shown(said);
  const view = el("div", { class: isMine ? "msg is-mine" : "msg", id: `m-${entry.seq}` }, bubble(text, isMine ? "You" : name));
  const danger = isMine ? null : dangerOf(text);
  if (danger && !heeded.has(danger)) {
    heeded.add(danger);
    view.append(warning(danger, text));
  }
  view.append(el("time", { datetime: new Date(entry.at * 1000).toISOString() }, momentText(entry.at, "clock")));
  return view;
}

/** What stands in a message's place that is not shown: a sentence of the page, never a bubble. */
export function hiddenView(entry: Entry, why: string, isGrave: boolean): HTMLElement {
  const moment = el("time", { datetime: new Date(entry.at * 1000).toISOString() }, momentText(entry.at, "clock"));
  const sign = icon(isGrave ? "shield-alert" : "lock", "s");
  return el("div", { class: isGrave ? "hidden-msg is-grave" : "hidden-msg", id: `m-${entry.seq}` }, sign, el("p", {}, why), moment);
}

/** One line for a run of messages from before this browser was in the room; `before` is the line above, if it is one. */
export function olderView(entry: Entry, before: Element | null): HTMLElement | null {
  const count = Number(before instanceof HTMLElement ? (before.dataset["older"] ?? 0) : 0) + 1;
  const text = `${count === 1 ? "An older message" : `${count} older messages`} cannot be read here: sealed before this device was in the room.`;
  const view = count === 1 ? hiddenView(entry, text, false) : (before as HTMLElement);
  view.querySelector("p")?.replaceChildren(text);
  view.dataset["older"] = String(count);
  return count === 1 ? view : null;
}

/** A quiet line of the page about the conversation itself. */
export const noteView = (entry: Entry, text: string): HTMLElement => el("p", { class: "sys", id: `m-${entry.seq}` }, `${momentText(entry.at, "clock")} · ${text}`);

/** Write how far an own message got. */
export function drawTick(view: HTMLElement, at: number, tick: Tick): void {
  view.querySelector("time")?.replaceChildren(`${momentText(at, "clock")} · `, icon(TICKS[tick], "s"), tick);
}

/** A message that waits in this browser. */
export function unsentView(unsent: Unsent, waits: string, retry: () => void, remove: () => void): HTMLElement {
  const view = el("div", { class: "msg is-mine is-unsent" }, bubble(shown(unsent.text), "You"));
  if (!unsent.problem) {
    view.append(el("time", {}, icon("clock", "s"), waits));
    return view;
  }
  const again = el("button", { class: "btn is-plain is-small", type: "button" }, "Back to the field");
  const drop = el("button", { class: "btn is-plain is-small", type: "button" }, "Remove");
  again.addEventListener("click", retry);
  drop.addEventListener("click", remove);
  view.append(el("p", { class: "hint is-bad" }, icon("triangle-alert", "s"), `Not sent. ${unsent.problem}`), el("div", { class: "row" }, again, drop));
  return view;
}

/** Why this browser can neither read nor write here. */
export const hindranceView = (why: string): HTMLElement => el("div", { class: "ask-device is-later" }, icon("triangle-alert", "s"), el("p", {}, why));

/** The session was signed in with other keys than this browser's. */
export function unboundView(): HTMLElement {
  const next = encodeURIComponent(location.pathname);
  const again = el("a", { class: "btn is-small is-quiet", href: `/connect/?again=1&next=${next}` }, "Sign in again");
  const why = "Your wallet has not signed this browser's keys, so it can neither write here nor read what is sealed from now on.";
  return el("div", { class: "ask-device is-later" }, icon("key-round", "s"), el("p", {}, why), again);
}

/** A line of the hub: a rule across the log, a slip with figures, or the full-width band of staff. */
export function lineView(entry: Entry): HTMLElement {
  const id = `m-${entry.seq}`;
  const at = momentText(entry.at, "clock");
  const text = entry.text ?? "";
  if (entry.kind === "staff") {
    return el(
      "div",
      { class: "staff", id },
      el("p", { class: "staff-by" }, icon("scale", "s"), `${entry.by ?? ""}, staff`),
      el("p", { dir: "auto" }, ...broken(text)),
      el("time", { class: "t125 soft" }, at),
    );
  }
  if (entry.rows?.length) return slipView(id, text, at, entry.rows);
  return el("p", { class: "sys", id }, `${at} · ${text}`);
}

/** The rule above the first entry of a day. */
export function dayView(at: number, now = Date.now()): HTMLElement {
  const day = new Date(at * 1000);
  const name = [0, 1].map((back) => new Date(now - back * DAY_MILLISECONDS).toDateString()).indexOf(day.toDateString());
  const words = new Intl.DateTimeFormat("en-GB", DAY).format(day);
  return el("p", { class: "sys" }, `${["Today, ", "Yesterday, "][name] ?? ""}${words}`);
}

/** The rule above what the reader has not seen. */
export const unreadView = (): HTMLElement => el("p", { class: "sys is-new" }, "New since you last looked");

export const dayOf = (at: number): string => new Date(at * 1000).toDateString();

function slipView(id: string, text: string, at: string, rows: Row[]): HTMLElement {
  const body = el("tbody");
  for (const { label, was, now } of rows) {
    body.append(el("tr", {}, el("th", { scope: "row" }, label), el("td", { class: "was" }, was), el("td", { class: "now" }, now)));
  }
  const slip = el("div", { class: "slip" }, el("header", {}, el("b", {}, text), el("span", {}, at)), el("div", {}, el("table", {}, body)));
  return el("div", { class: "msg", id }, slip);
}

function bubble(text: string, name: string): HTMLElement {
  const said = el("p", { dir: "auto" }, el("span", { class: "sr" }, `${name}: `));
  for (const { text: piece, host } of pieces(text)) {
    said.append(...broken(piece));
    if (host && host !== piece.toLowerCase()) said.append(el("small", { class: "soft" }, ` (${host})`));
  }
  return said;
}

function warning(danger: Danger, text: string): HTMLElement {
  const hosts = [...new Set(pieces(text).flatMap((piece) => piece.host ?? []))];
  const hide = el("button", { class: "icon-btn", type: "button", "aria-label": "Hide this warning" }, icon("x", "s"));
  const view = el("div", { class: "tip is-clay", role: "note" }, icon("shield-alert"), el("span", {}, warningText(danger, hosts)), hide);
  hide.addEventListener("click", () => view.remove());
  return view;
}

/** Text whose line feeds are line breaks. */
function broken(text: string): (Node | string)[] {
  return text.split("\n").flatMap((part, index) => (index ? [el("br"), part] : [part]));
}
