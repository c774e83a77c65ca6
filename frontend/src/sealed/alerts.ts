/** What a sealed chat asks of its reader, and what it must tell: a new device, a log that contradicts itself. */

import { el, icon } from "../dom.ts";
import type { Voucher } from "./binding.ts";

export interface Person {
  name: string;
  isMe: boolean;
  code: string;
  voucher: Voucher;
}

const VOUCHED: Record<Voucher, string> = {
  wallet: "The key is signed by the wallet of the account.",
  terms: "The signed terms of this trade name the device.",
  hub: "The wallet is a contract, so only the hub could check its signature; this browser could not.",
};

/** A new device of somebody in the room: why it matters in words, and the two ways on. */
export function deviceView(person: Person, isLater: boolean, decide: (isAccepted: boolean) => void, look: () => void): HTMLElement {
  const whose = person.isMe ? "You have" : `${person.name} has`;
  if (isLater) {
    const again = button("Look at it", "is-quiet", look);
    return el("div", { class: "ask-device is-later" }, icon("smartphone", "s"), el("p", {}, `${whose} a new device that you have not accepted. Nothing is sent.`), again);
  }
  const advice = person.isMe
    ? "Accept it only if you signed in there yourself. If not, somebody else uses your wallet: move what it holds and tell the other side."
    : "Mostly this is a new phone or browser, or storage that was cleared. It can also be somebody who got hold of their wallet. Ask something that only they can answer, or compare the safety code by voice.";
  const view = el(
    "div",
    { class: "ask-device", role: "group", "aria-label": `New device of ${person.isMe ? "yours" : person.name}` },
    el("p", { class: "ask-head" }, icon("shield-alert", "s"), el("b", {}, `${whose} a new device`)),
    el("p", {}, VOUCHED[person.voucher], " ", advice),
    el("p", { class: "soft" }, "Safety code ", el("span", { class: "mono" }, person.code), ". Until you accept it, nothing is sent and what it writes is not shown. The trade itself goes on."),
    el("div", { class: "row" }, button("Accept this device", "", () => decide(true)), button("Not now", "is-quiet", () => decide(false))),
  );
  return view;
}

/** The hub's log contradicts itself or what was seen before. */
export function alarmView(what: string[]): HTMLElement {
  return el(
    "div",
    { class: "seal-alarm", role: "alert" },
    el("p", { class: "ask-head" }, icon("octagon-alert", "s"), el("b", {}, "This conversation was tampered with")),
    el("ul", {}, ...what.slice(0, 3).map((each) => el("li", {}, each))),
    el("p", {}, "It means that messages may be missing, changed or in another order, or that the two of you are shown different ones. What is shown as text is still what its sender signed. The coins are safe: the contract does not read this chat."),
    el("p", {}, "Pay and release only by what your own bank and the lock bar say. Save the conversation as a file (the lock above), tell the other side in another way, and show the file to the arbitrator if there is a dispute."),
  );
}

function button(text: string, looks: string, press: () => void): HTMLElement {
  const made = el("button", { class: `btn is-small ${looks}`.trim(), type: "button" }, text);
  made.addEventListener("click", press);
  return made;
}
