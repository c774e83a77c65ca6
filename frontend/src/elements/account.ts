/**
 * <app-account data-of="payee|payer"> around the rows that the server drew: shows them only when the account is the one
 * committed in the terms of this very trade, and when the rows say exactly that account. Until then the values are
 * hidden; if anything differs the element refuses, warns and reports.
 */

import { el, icon } from "../dom.ts";
import { embedded } from "../page.ts";
import { type Sheet, SheetMismatch, checkTake, openPayee, openPayer, reportMismatch } from "../sheet.ts";
import type { Details } from "../typed/commitments.ts";

const REFUSED = "This account is not the one that was agreed, so it is not shown. Do not pay. The coins stay locked; we have been told.";

const bare = (text: string): string => text.normalize("NFC").replace(/\s+/g, "");

class Account extends HTMLElement {
  /** What was reported already; the same is not reported again by the same element. */
  #told = "";

  connectedCallback(): void {
    void this.draw();
  }

  /** Check again; a morph brings the server's rows back. */
  async draw(): Promise<void> {
    const sheet = embedded<Sheet>("trade-sheet");
    try {
      if (!sheet) throw new SheetMismatch(REFUSED, "no_sheet");
      if (sheet.take.signature) await checkTake(sheet);
      const details = this.dataset["of"] === "payer" ? openPayer(sheet) : openPayee(sheet);
      this.#compare(details, [String(sheet.agreement["fiatAmount"]), String(sheet.agreement["paymentReference"])]);
      this.toggleAttribute("data-checked", true);
    } catch (thrown) {
      this.#refuse(thrown instanceof SheetMismatch ? thrown.message : REFUSED);
      const what = thrown instanceof SheetMismatch ? thrown.what : "unreadable";
      if (what !== this.#told) void reportMismatch(sheet, what, this.getAttribute("report") ?? undefined);
      this.#told = what;
    }
  }

  /** Every value that is shown or copied is of this account (or the sum and the reference), and none of it is missing. */
  #compare(details: Details, others: string[]): void {
    const own = new Set(Object.values(details).map(bare));
    const allowed = new Set([...own, ...others.map(bare)]);
    const shown = [...this.querySelectorAll("[data-field]")].map((place) => bare(place.textContent ?? ""));
    const copied = [...this.querySelectorAll("app-copy")].map((place) => bare(place.getAttribute("value") ?? ""));
    const isTrue = [...shown, ...copied].every((value) => allowed.has(value)) && [...own].every((value) => !value || shown.includes(value));
    if (!isTrue) throw new SheetMismatch(REFUSED, "shown_account");
  }

  #refuse(text: string): void {
    this.removeAttribute("data-checked");
    this.replaceChildren(el("p", { class: "tip is-clay", role: "alert" }, icon("triangle-alert"), el("span", {}, text)));
  }
}

customElements.define("app-account", Account);
