/** <app-publish> with a [data-go] button: the maker signs his offer; the commitments to his accounts are made here, with a salt made here. */

import type { Hex } from "viem";

import { Problem, embedded, go, postJson, viewer } from "../page.ts";
import { type Details, commitment, methodSalt, randomSalt } from "../typed/commitments.ts";
import { type Document, type Message, pinnedContract, walletDocument } from "../typed/typed.ts";
import { useChain, walletOf } from "../wallet/connect.ts";
import { signTyped } from "../wallet/fund.ts";
import { troubleOf } from "../wallet/trouble.ts";
import { StatusLine, pressed } from "./status.ts";

interface OfferSheet {
  typed: Document;
  urls: { publish: string };
  side: "sell" | "buy";
  methods: { method: string; details: Details }[];
}

class Publish extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#press);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#press);
  }

  readonly #press = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("[data-go]");
    if (button) void pressed(button, () => this.#run());
  };

  async #run(): Promise<void> {
    const status = new StatusLine(this);
    try {
      await this.#publish(status);
    } catch (thrown) {
      status.trouble(troubleOf(thrown));
    }
  }

  async #publish(status: StatusLine): Promise<void> {
    const sheet = embedded<OfferSheet>("offer-sheet");
    if (!sheet) throw new Problem("This page holds no offer. Reload it.");
    const { chainId, verifyingContract } = sheet.typed.domain;
    const maker = String(sheet.typed.message["maker"]);
    if (verifyingContract.toLowerCase() !== pinnedContract(chainId).toLowerCase() || maker.toLowerCase() !== viewer().toLowerCase()) {
      throw new Problem("This offer names another contract or another maker than this page knows. Nothing was signed.");
    }
    const salt = randomSalt();
    const message = committed(sheet, salt);
    const wallet = await walletOf(maker);
    await useChain(wallet, chainId);
    status.busy(`Sign in ${wallet.info.name}. It costs nothing.`, "Nothing popped up? Open the wallet from your browser's bar.");
    const typed = walletDocument("Offer", message, chainId);
    const signature = await signTyped(wallet.provider, maker, typed);
    status.busy("Publishing…");
    const { next } = await postJson<{ next: string }>(sheet.urls.publish, { message: typed.message, salt, signature });
    status.good("Published.");
    go(next);
  }
}

/** The offer with a commitment per method; a buyer has no account to commit to. */
function committed({ typed, side, methods }: OfferSheet, salt: Hex): Message {
  if (side === "buy") return typed.message;
  const filled = (typed.message["methods"] as Message[]).map((entry) => {
    const code = String(entry["method"]);
    const account = methods.find(({ method }) => method === code);
    if (!account) throw new Problem(`The account for ${code} is missing. Go back one step.`);
    return { ...entry, payeeCommitment: commitment(account.details, methodSalt(salt, code)) };
  });
  return { ...typed.message, methods: filled };
}

customElements.define("app-publish", Publish);
