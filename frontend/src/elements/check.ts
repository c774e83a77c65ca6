/** <app-check><button>: reads where the trade stands through the person's own wallet, and compares with this page. */

import { statuses } from "parley:chain";

import { momentText } from "../clock.ts";
import { type Sheet, checkSheet, currentSheet } from "../sheet.ts";
import { contractCall, read } from "../wallet/calls.ts";
import { useChain } from "../wallet/connect.ts";
import { wallets } from "../wallet/provider.ts";
import { WalletTrouble, troubleOf } from "../wallet/trouble.ts";
import { StatusLine, pressed } from "./status.ts";

const STATUS = ["NONE", "FUNDED", "PAID", "DISPUTED"];
const LIVE = new Set(["FUNDED", "PAID", "DISPUTED"]);

class Check extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#press);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#press);
  }

  readonly #press = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("button, a");
    if (!button) return;
    event.preventDefault();
    void pressed(button, () => this.#check());
  };

  async #check(): Promise<void> {
    const status = new StatusLine(this);
    try {
      const sheet = await currentSheet();
      checkSheet(sheet);
      const [wallet] = wallets();
      if (!wallet) throw new WalletTrouble("No wallet was found in this browser, so there is no node of your own to ask.", "no_wallet");
      await useChain(wallet, sheet.chainId);
      status.busy(`Asking the node of ${wallet.info.name}…`);
      const call = contractCall(sheet.contract, "stateOf", sheet.tradeId);
      const [state, , fundedAt, payBy] = await read<[number, number, number, number]>(wallet, call, "escrow", "stateOf");
      this.#compare(sheet, Number(state), Number(fundedAt), Number(payBy), wallet.info.name, status);
    } catch (thrown) {
      status.trouble(troubleOf(thrown));
    }
  }

  #compare(sheet: Sheet, state: number, fundedAt: number, payBy: number, name: string, status: StatusLine): void {
    const live = LIVE.has(sheet.status);
    const agrees = live
      ? STATUS[state] === sheet.status && fundedAt === Number(sheet.fundedAt) && payBy === Number(sheet.payBy)
      : state === 0;
    const seen = state ? `${statuses[String(state)]}, locked ${momentText(fundedAt)}, to pay by ${momentText(payBy)}` : "nothing locked under this trade";
    if (agrees) return status.good(`Your own node says the same: ${seen}.`);
    const text = `Your node (${name}) says: ${seen}. This page says: ${sheet.status.toLowerCase()}. A step may be on its way; check again in a minute. Until both agree, do not pay or release.`;
    status.trouble(new WalletTrouble(text, "differs"));
  }
}

customElements.define("app-check", Check);
