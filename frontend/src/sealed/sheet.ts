/** The sheet behind the lock: who can read the conversation, by which devices, and what sealing cannot do. */

import { el, icon } from "../dom.ts";
import { Problem } from "../page.ts";
import type { Conversation } from "./conversation.ts";
import { saveTranscript } from "./saving.ts";

const LIMITS = [
  "The hub sees who writes when, how much and from where. It does not see what.",
  "Messages are signed: nobody can say later that they did not write them.",
  "Whoever is shown a message can show it to others.",
  "A device that is lost, or a browser that is cleared, loses what was said before. The trade goes on.",
  "This site sends the code that seals. Whoever takes the site over, or an extension of your browser, can read what is open in front of you.",
];

/** Open the sheet above the page. */
export function openSheet(conversation: Conversation | null, trouble: string): void {
  const close = el("button", { class: "icon-btn", type: "button", "aria-label": "Close" }, icon("x"));
  const dialog = el(
    "dialog",
    { class: "sheet is-narrow seal-sheet", "aria-labelledby": "seal-title" },
    el("section", {}, el("div", { class: "row" }, el("h2", { id: "seal-title" }, "Who can read this"), close), ...who(conversation, trouble)),
    el("section", {}, el("h3", {}, "What sealing cannot do"), el("ul", { class: "limits" }, ...LIMITS.map((limit) => el("li", {}, limit)))),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

function who(conversation: Conversation | null, trouble: string): HTMLElement[] {
  if (!conversation) return [el("p", { class: "tip is-clay" }, icon("triangle-alert"), el("span", {}, trouble || "The conversation is still being opened."))];
  const devices = conversation.devices;
  const rows = devices.map(({ name, isMe, isThis, isAccepted, code, voucher }) => {
    const about = isThis ? "this browser" : !isAccepted ? "not accepted" : voucher === "hub" ? "checked by the hub only" : voucher === "terms" ? "named in the trade's terms" : "signed by the wallet";
    return el("div", {}, el("dt", {}, isMe ? "You" : name, el("small", {}, about)), el("dd", { class: "mono" }, code));
  });
  return [
    el("p", { class: "soft" }, "Only these devices. The hub stores what it cannot read. An arbitrator reads a message only if one of you shows it."),
    el("dl", { class: "ledger codes" }, ...rows),
    el("p", { class: "t125 soft" }, "Safety codes: read them to each other. If both of you see the same codes, nobody stands between you."),
    saver(conversation),
  ];
}

function saver(conversation: Conversation): HTMLElement {
  const press = el("button", { class: "btn is-quiet is-small", type: "button" }, icon("download", "s"), "Save as a file");
  const status = el("p", { class: "t125 soft", role: "status" }, "Everything that this browser can read, for checking without the hub. Whoever has the file can read it. ", el("a", { href: "/verify/" }, "Check a file"));
  press.addEventListener("click", () => {
    saveTranscript(conversation.room).then(
      (name) => (status.textContent = `Saved as ${name}. Whoever has the file can read it.`),
      (thrown: unknown) => (status.textContent = thrown instanceof Problem ? thrown.message : "It could not be saved. Reload the page and try again."),
    );
  });
  return el("div", { class: "stack stack-4" }, el("p", {}, press), status);
}
