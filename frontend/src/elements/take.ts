/**
 * <app-take> around the form of an offer page: commits to the account, asks the server for exact terms, checks them
 * against what the person saw, and, when he buys, has him sign them.
 */

import { setClock } from "../clock.ts";
import { Problem, embedded, go, postJson } from "../page.ts";
import { type Sheet, SheetMismatch, checkSheet, reportMismatch } from "../sheet.ts";
import { type Details, commitment, randomSalt } from "../typed/commitments.ts";
import { signTake } from "../wallet/sign-take.ts";
import { WalletTrouble, troubleOf } from "../wallet/trouble.ts";
import type { AmountPair } from "./amount-pair.ts";
import { StatusLine, pressed } from "./status.ts";

interface Method {
  code: string;
  payee: (string | { name: string })[];
  payer: (string | { name: string })[];
}

interface OfferTake {
  side: "sell" | "buy";
  methods: Method[];
  urls: { take: string };
}

interface Taken {
  ref: string;
  sheet: Sheet;
  next?: string;
}

class Take extends HTMLElement {
  /** A trade that was taken but whose terms are not signed yet, and the form it was taken with. */
  #open: { taken: Taken; form: string } | null = null;

  connectedCallback(): void {
    this.addEventListener("submit", this.#submit);
    this.addEventListener("change", this.#pickMethod);
    this.#pickMethod();
  }

  disconnectedCallback(): void {
    this.removeEventListener("submit", this.#submit);
    this.removeEventListener("change", this.#pickMethod);
  }

  /** Only the fields of the method that is picked are asked for. */
  readonly #pickMethod = (): void => {
    const picked = this.querySelector<HTMLInputElement>("[name=method]:checked")?.value;
    for (const fields of this.querySelectorAll<HTMLFieldSetElement>("fieldset[data-method-fields]")) {
      fields.hidden = fields.disabled = fields.dataset["methodFields"] !== picked;
    }
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    if (form.reportValidity()) void pressed(event.submitter, () => this.#run(form));
  };

  async #run(form: HTMLFormElement): Promise<void> {
    const status = new StatusLine(this);
    try {
      await this.#take(form, status);
    } catch (thrown) {
      const trouble = thrown instanceof SheetMismatch ? new WalletTrouble(thrown.message, thrown.what) : troubleOf(thrown);
      if (thrown instanceof SheetMismatch) void reportMismatch(this.#open?.taken.sheet ?? null, thrown.what, this.getAttribute("report") ?? undefined);
      if (thrown instanceof Problem && thrown.field) this.#blame(form, thrown);
      status.trouble(trouble);
    }
  }

  async #take(form: HTMLFormElement, status: StatusLine): Promise<void> {
    const offer = embedded<OfferTake>("offer-take");
    if (!offer) throw new Problem("This page holds no offer. Reload it.");
    const shown = this.#shown(form);
    status.busy("Asking for the exact terms…");
    const taken = this.#open?.form === shown ? this.#open.taken : await this.#ask(form, offer);
    const isFirst = this.#open?.form !== shown;
    this.#open = { taken, form: shown };
    if (offer.side === "buy") return go(taken.next ?? `/trade/${taken.ref}/`);
    setClock(taken.sheet.chainNow);
    checkSheet(taken.sheet);
    if (isFirst && this.#hasMoved(taken.sheet)) {
      const { youPay, youGet } = taken.sheet.take;
      return status.calm(`The price moved while you looked. Now it is ${youPay} for ${youGet}. Press again to sign these terms.`);
    }
    const answer = await signTake(taken.sheet, (text) => status.busy(text, "Nothing popped up? Open the wallet from your browser's bar."));
    status.good("Signed.");
    go(answer.next ?? taken.next ?? `/trade/${taken.ref}/`);
  }

  async #ask(form: HTMLFormElement, offer: OfferTake): Promise<Taken> {
    const values = new FormData(form);
    const code = String(values.get("method") ?? offer.methods[0]?.code ?? "");
    const method = offer.methods.find((one) => one.code === code);
    const read = (fields: Method["payer"], prefix: string): Details =>
      Object.fromEntries(
        fields
          .map((field) => (typeof field === "string" ? field : field.name))
          .map((name) => [name, String(values.get(`${prefix}-${name}`) ?? "").normalize("NFC").trim()])
          .filter(([, value]) => value),
      );
    const pair = this.querySelector<AmountPair>("app-amount-pair");
    const amount = pair?.leading ?? { fiat: String(values.get("amount") ?? "") };
    const sells = offer.side === "buy";
    const details = sells ? read(method?.payee ?? [], code) : read(method?.payer?.length ? method.payer : ["name"], "payer");
    const salt = randomSalt();
    const committed = commitment(details, salt);
    const own = sells ? { account: details, payeeCommitment: committed } : { payer: details, payerCommitment: committed };
    return postJson(offer.urls.take, { ...amount, method: code, ...own, salt });
  }

  /** Whether the exact terms differ from the amounts on the page. */
  #hasMoved({ trade, agreement }: Sheet): boolean {
    const seen = this.querySelector<AmountPair>("app-amount-pair")?.amounts;
    return Boolean(seen) && (seen?.coins !== BigInt(trade.amount) || seen.fiat !== agreement["fiatAmount"]);
  }

  #shown(form: HTMLFormElement): string {
    return JSON.stringify([...new FormData(form).entries()].filter(([name]) => name !== "csrfmiddlewaretoken"));
  }

  #blame(form: HTMLFormElement, { field, message }: Problem): void {
    const input = form.querySelector<HTMLInputElement>(`[name="${CSS.escape(field ?? "")}"], [name$="-${CSS.escape(field ?? "")}"]`);
    if (!input) return;
    input.setCustomValidity(message);
    input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
    input.focus();
  }
}

customElements.define("app-take", Take);
