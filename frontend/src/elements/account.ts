/**
 * <app-account who="payee|payer" data-fields='[["name","Name"],["iban","IBAN"]]' report>: shows the account only if it is
 * the one committed in the terms of this very trade. Otherwise it refuses, warns and reports.
 */

import { el, icon } from "../dom.ts";
import { embedded } from "../page.ts";
import { type Sheet, SheetMismatch, checkTake, openPayee, openPayer, reportMismatch } from "../sheet.ts";
import type { Details } from "../typed/commitments.ts";

const MONO = /^(name|bank|holder|city|branch|note)/;

class Account extends HTMLElement {
  connectedCallback(): void {
    void this.draw();
  }

  async draw(): Promise<void> {
    const sheet = embedded<Sheet>("trade-sheet");
    const isPayee = this.getAttribute("who") !== "payer";
    const opening = isPayee ? sheet?.payee : sheet?.payer;
    if (!sheet || !opening) return;
    try {
      if (sheet.take.signature) await checkTake(sheet);
      this.#show(isPayee ? openPayee(sheet) : openPayer(sheet));
    } catch (thrown) {
      this.#refuse();
      const what = thrown instanceof SheetMismatch ? thrown.what : "unreadable";
      void reportMismatch(sheet, what, this.getAttribute("report") ?? undefined);
    }
  }

  #show(details: Details): void {
    const fields = JSON.parse(this.dataset["fields"] ?? "[]") as [string, string][];
    const named = fields.length ? fields : Object.keys(details).map((name): [string, string] => [name, name]);
    const rows = named.filter(([name]) => details[name]).map(([name, label]) => this.#row(name, label, details[name] ?? ""));
    this.#place().replaceChildren(el("dl", { class: "copyrows" }, ...rows));
    this.removeAttribute("data-refused");
  }

  #row(name: string, label: string, value: string): HTMLElement {
    const isName = MONO.test(name);
    const shown = name === "iban" ? (value.match(/.{1,4}/g)?.join(" ") ?? value) : value;
    const button = el("button", { class: "copy", type: "button" }, icon("copy", "s"), el("span", { "data-word": true }, "Copy"), el("span", { class: "sr" }, ` ${label}`));
    return el(
      "div",
      {},
      el("dt", {}, label),
      el("dd", isName ? { dir: "auto" } : { class: "mono" }, shown),
      el("dd", { class: "act-cell" }, el("app-copy" as "span", { value }, button)),
    );
  }

  #refuse(): void {
    const text = "This account is not the one that was agreed, so it is not shown. Do not pay. Your coins and theirs stay where they are; we have been told.";
    this.#place().replaceChildren(el("p", { class: "tip is-clay", role: "alert" }, icon("triangle-alert"), el("span", {}, text)));
    this.setAttribute("data-refused", "");
  }

  #place(): HTMLElement {
    return this.querySelector<HTMLElement>("[data-details]") ?? this;
  }
}

customElements.define("app-account", Account);
