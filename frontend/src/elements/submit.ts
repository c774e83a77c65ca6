/**
 * <app-submit> around the page for signed steps. A link's step, behind the #, is put into the form and handed in; a step
 * that was checked is encoded here, from the interface in this bundle, and sent from the visitor's own wallet.
 */

import { embedded } from "../page.ts";
import { mined, send } from "../wallet/calls.ts";
import { anyWallet, useChain } from "../wallet/connect.ts";
import { type CarriedStep, carriedCall } from "../wallet/carried.ts";
import { WalletTrouble, troubleOf } from "../wallet/trouble.ts";
import { StatusLine, pressed } from "./status.ts";

const BROKEN = "This link is cut off or changed. Nothing was sent. Use the whole link, or the file.";

class Submit extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("submit", this.#submit);
    void this.#bring();
  }

  disconnectedCallback(): void {
    this.removeEventListener("submit", this.#submit);
  }

  readonly #submit = (event: SubmitEvent): void => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-send]")) return;
    event.preventDefault();
    void pressed(event.submitter, () => this.#run());
  };

  /** The step of a link goes into the form, as if it had been pasted. */
  async #bring(): Promise<void> {
    const form = this.querySelector<HTMLFormElement>("form[data-bring]");
    const packed = location.hash.slice(1);
    const text = form?.querySelector("textarea");
    if (!form || !text || !packed) return;
    history.replaceState(null, "", location.pathname);
    try {
      text.value = await unpacked(packed);
    } catch {
      new StatusLine(this).trouble(new WalletTrouble(BROKEN, "broken_link"));
      return;
    }
    form.requestSubmit();
  }

  async #run(): Promise<void> {
    const status = new StatusLine(this);
    try {
      const step = embedded<CarriedStep>("carried-step");
      if (!step) throw new WalletTrouble("This page holds no step. Load the file again.", "no_step");
      const call = carriedCall(step);
      const [wallet, account] = await anyWallet();
      await useChain(wallet, step.chainId);
      status.busy(`Confirm in ${wallet.info.name}`, "Nothing popped up? Open the wallet from your browser's bar.");
      const hash = await send(wallet, account, call);
      status.busy("Sent. Waiting for the network…");
      await mined(wallet, hash, account, call);
      status.good("Done. The network has it, and the trade's pages go on by themselves.");
    } catch (thrown) {
      status.trouble(troubleOf(thrown));
    }
  }
}

/** The text that a link carries: deflated, in the alphabet of addresses. */
async function unpacked(packed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(packed.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}

customElements.define("app-submit", Submit);
