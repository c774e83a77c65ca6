/**
 * <app-move move way="sign|send"> around a <form>: makes one move of a trade. The sheet is asked afresh, checked against
 * this bundle, against itself and against the signed terms; only then a wallet is asked. Arguments are named inputs.
 */

import type { Hex } from "viem";

import { chainNow, setClock } from "../clock.ts";
import { embedded, go, postJson, refreshRegion, viewer, chainId } from "../page.ts";
import { type Sheet, SheetMismatch, checkSheet, checkTake, currentSheet, reportMismatch } from "../sheet.ts";
import { commitment, randomSalt } from "../typed/commitments.ts";
import { type Message, pinnedContract, walletDocument } from "../typed/typed.ts";
import { type Call, contractCall, mined, send } from "../wallet/calls.ts";
import { useChain, walletOf } from "../wallet/connect.ts";
import { type Sent, fund, signTyped } from "../wallet/fund.ts";
import { MOVES, argumentsOf, callOf, messageOf, needsStatement } from "../wallet/moves.ts";
import type { Wallet } from "../wallet/provider.ts";
import { signTake } from "../wallet/sign-take.ts";
import { WalletTrouble, troubleOf } from "../wallet/trouble.ts";
import { assist } from "./assist.ts";
import { writeLetter } from "./letter.ts";
import { StatusLine, pressed } from "./status.ts";

const NOTHING_POPPED_UP = "Nothing popped up? Open the wallet from your browser's bar.";

interface Answer {
  next?: string;
  sheet?: Sheet;
}

class MoveElement extends HTMLElement {
  #sheet: Sheet | null = null;

  connectedCallback(): void {
    this.addEventListener("submit", this.#submit);
    this.addEventListener("input", assist);
    const letter = this.querySelector("[data-letter]");
    const sheet = embedded<Sheet>("trade-sheet");
    if (letter && sheet) writeLetter(letter, sheet);
  }

  disconnectedCallback(): void {
    this.removeEventListener("submit", this.#submit);
    this.removeEventListener("input", assist);
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    if (form.reportValidity()) void pressed(event.submitter, () => this.#run(form));
  };

  async #run(form: HTMLFormElement): Promise<void> {
    const status = new StatusLine(this);
    const say = (text: string): void => status.busy(text, NOTHING_POPPED_UP);
    this.#sheet = null;
    try {
      say("Checking the terms…");
      await this.#make(form, status, say);
    } catch (thrown) {
      if (thrown instanceof SheetMismatch) {
        void reportMismatch(this.#sheet, thrown.what, this.getAttribute("report") ?? undefined);
        status.trouble(new WalletTrouble(thrown.message, thrown.what));
      } else {
        status.trouble(troubleOf(thrown));
      }
    }
  }

  async #make(form: HTMLFormElement, status: StatusLine, say: (text: string) => void): Promise<void> {
    const name = this.getAttribute("move") ?? "";
    if (name === "withdraw") return this.#withdraw(form, status, say);
    const sheet = (this.#sheet = await currentSheet(this.getAttribute("sheet") ?? undefined));
    setClock(sheet.chainNow);
    if (name === "take") return this.#done(await this.#take(form, sheet, say), status, "Signed. The terms are agreed.");
    checkSheet(sheet);
    if (sheet.role !== "arbitrator" && (name === "fund" || sheet.take.signature)) await checkTake(sheet);
    if (needsStatement(name, sheet) && !form.querySelector("input[type=checkbox][required]:checked")) {
      throw new WalletTrouble("Tick what you see in your own bank first.", "statement");
    }
    const wallet = await walletOf(sheet.viewer);
    await useChain(wallet, sheet.chainId);
    if (name === "fund") return this.#finish(wallet, sheet, name, await fund(wallet, sheet, say), status);
    const own = name === "settle" && this.#acceptsSplit(form, sheet) ? {} : argumentsOf(name, form, sheet);
    if (this.getAttribute("way") === "send" || !MOVES[name]?.primary) {
      const call = callOf(name, sheet, own);
      say(`Confirm in ${wallet.info.name}`);
      return this.#finish(wallet, sheet, name, { call, hash: await send(wallet, sheet.viewer, call) }, status);
    }
    await this.#done(await this.#sign(wallet, sheet, name, own, say), status, "Signed and handed in. The network records it in a moment.");
  }

  /** A signed move goes to the server, and from there to the contract. */
  async #sign(wallet: Wallet, sheet: Sheet, name: string, own: Record<string, string>, say: (text: string) => void): Promise<Answer> {
    const accepted = name === "settle" && !("toBuyer" in own) ? sheet.settle : null;
    const args = accepted ? { toBuyer: accepted.toBuyer } : own;
    const deadline = accepted ? Number(accepted.deadline) : this.#deadline(name, sheet);
    const [primary, message] = messageOf(name, sheet, args, deadline);
    say(`Sign in ${wallet.info.name}. It costs nothing.`);
    const signature = await signTyped(wallet.provider, sheet.viewer, walletDocument(primary, message, sheet.chainId));
    if (accepted) return postJson(sheet.urls["settleAccept"] ?? "", { signature });
    if (name === "settle") return postJson(sheet.urls["settle"] ?? "", { ...args, deadline: String(deadline), signature });
    return postJson(this.getAttribute("url") ?? sheet.urls["signed"] ?? "", { move: name, arguments: args, deadline: String(deadline), signature });
  }

  /** The form may ask for a shorter life than the table gives, never a longer one. */
  #deadline(name: string, sheet: Sheet): number {
    const most = MOVES[name]?.deadline?.(sheet) ?? 0;
    const asked = Number(this.querySelector<HTMLInputElement>("input[name=deadline]")?.value ?? most);
    return asked > chainNow() ? Math.min(asked, most) : most;
  }

  #acceptsSplit(form: HTMLFormElement, sheet: Sheet): boolean {
    return sheet.settle !== null && (this.hasAttribute("data-accept") || !form.elements.namedItem("toBuyer"));
  }

  /** The maker of a buy offer names his paying account first; that completes the terms. */
  async #take(form: HTMLFormElement, sheet: Sheet, say: (text: string) => void): Promise<Answer> {
    const name = String(new FormData(form).get("payerName") ?? "").trim();
    if (!name) return signTake(sheet, say);
    const salt = randomSalt();
    const payer = { name: name.normalize("NFC") };
    const complete = await postJson<Answer>(sheet.urls["payer"] ?? "", { payer, payerCommitment: commitment(payer, salt), salt });
    this.#sheet = complete.sheet ?? sheet;
    return signTake(this.#sheet, say);
  }

  async #finish(wallet: Wallet, sheet: Sheet, name: string, { call, hash }: Sent, status: StatusLine): Promise<void> {
    status.busy("Sent. Waiting for the network…");
    // If the hub cannot be told, or the page is closed, its follower sees the step all the same when the chain has it.
    const noted = postJson<Answer>(sheet.urls["submissions"] ?? "", { move: name, txHash: hash }, { keepalive: true }).catch(() => ({}));
    await mined(wallet, hash, sheet.viewer, call);
    const answer = await noted;
    await this.#done(answer, status, "Done. The network has it; this page goes on by itself.");
  }

  async #done(answer: Answer, status: StatusLine, text: string): Promise<void> {
    status.good(text);
    const next = answer.next ?? this.getAttribute("next");
    if (next && new URL(next, location.href).pathname !== location.pathname) return go(next);
    const region = this.#sheet?.urls["region"];
    if (region && document.getElementById("trade-region")) await refreshRegion(region);
    else if (next) location.reload();
    this.dispatchEvent(new CustomEvent("app:moved", { bubbles: true, detail: answer }));
  }

  /** A credit that could not be paid out goes to the address the owner names. */
  async #withdraw(form: HTMLFormElement, status: StatusLine, say: (text: string) => void): Promise<void> {
    const values = new FormData(form);
    const account = viewer() as Hex;
    if (this.getAttribute("now")) setClock(Number(this.getAttribute("now")));
    const [token, to] = [String(values.get("token") ?? ""), String(values.get("to") || account)] as [Hex, Hex];
    const wallet = await walletOf(account);
    const chain = chainId();
    await useChain(wallet, chain);
    const url = this.getAttribute("url");
    if (this.getAttribute("way") === "sign" && url) {
      const message: Message = { account, token, amount: String(values.get("amount")), to, deadline: String(chainNow() + 3_600) };
      say(`Sign in ${wallet.info.name}. It costs nothing.`);
      const signature = await signTyped(wallet.provider, account, walletDocument("Withdraw", message, chain));
      return this.#done(await postJson<Answer>(url, { ...message, signature }), status, "Signed and handed in. The coins are on their way.");
    }
    const call: Call = contractCall(pinnedContract(chain), "withdraw", token, to);
    say(`Confirm in ${wallet.info.name}`);
    const hash = await send(wallet, account, call);
    status.busy("Sent. Waiting for the network…");
    await mined(wallet, hash, account, call);
    await this.#done({ next: location.pathname }, status, "Done. The coins are in your wallet.");
  }
}

customElements.define("app-move", MoveElement);
