/** The practice wallet's own sheet: says in words what is signed or sent, and asks. */

import { address, el, line } from "../dom.ts";
import type { Person } from "./people.ts";
import type { Words } from "./words.ts";

/** EIP-1193's "user rejected". */
export const rejected = (): object => ({ code: 4001, message: "User rejected the request." });

/** Ask the person. @throws the rejection of EIP-1193 */
export function confirm(person: Person, words: Words, raw: string): Promise<void> {
  const dialog = el(
    "dialog",
    { class: "sheet is-narrow", "aria-labelledby": "practice-title", closedby: "closerequest" },
    el(
      "section",
      {},
      el("p", { class: "kick" }, `Practice wallet · ${person.name}`),
      el("h2", { id: "practice-title" }, words.title),
      el("dl", { class: "ledger" }, ...words.lines.map(([name, value]) => line(name, value)), line("From", address(person.account.address)), line("Network fee", words.isFree ? "none, a signature only" : "a little practice ether")),
      el("details", { class: "t125" }, el("summary", {}, "Every field"), el("pre", { class: "raw", tabindex: "0" }, raw)),
    ),
    el(
      "section",
      {},
      el("button", { class: "btn is-block", value: "yes", type: "button", autofocus: true }, words.isFree ? "Sign" : "Send"),
      el("button", { class: "btn is-quiet is-block", value: "no", type: "button" }, "Reject"),
      el("p", { class: "t125 faint" }, "Pretend coins on a pretend network. A real wallet asks the same way."),
    ),
  );
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    if (button) dialog.close(button.value);
  });
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "yes") resolve();
      else reject(rejected());
    });
  });
}
