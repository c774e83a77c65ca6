/** <app-practice>: the practice wallet's menu: who you play, what you hold, more coins. */

import { deployments } from "parley:chain";
import type { Hex } from "viem";

import { el, icon, line, short } from "../dom.ts";
import { toast } from "../toast.ts";
import { amountDown, groupedText } from "../money.ts";
import { chainId, viewer } from "../page.ts";
import { tokenCall } from "../wallet/calls.ts";
import { troubleOf } from "../wallet/trouble.ts";
import { fill, fillIfEmpty, signIn } from "./enter.ts";
import { ask } from "./node.ts";
import { type Person, current, people, play } from "./people.ts";

const NATIVE = /^0x0+$/;

class Practice extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("beforetoggle", this.#open);
    this.addEventListener("click", this.#click);
    if (this.matches(":popover-open")) void this.#draw();
  }

  disconnectedCallback(): void {
    this.removeEventListener("beforetoggle", this.#open);
    this.removeEventListener("click", this.#click);
  }

  readonly #open = (event: Event): void => {
    if ((event as ToggleEvent).newState === "open") void this.#draw();
  };

  async #draw(): Promise<void> {
    const [everybody, me] = await Promise.all([people(), current()]);
    const purse = el("dl", { class: "ledger" });
    this.replaceChildren(
      el("p", { class: "menu-head" }, el("b", {}, "Practice wallet"), el("br"), "Pretend coins on a pretend network. Play either side, or judge."),
      ...everybody.map((person) => this.#row(person, person.id === me.id)),
      el("div", { class: "menu-part" }, purse, el("button", { class: "btn is-quiet is-small is-block", type: "button", "data-fill": true }, icon("droplets", "s"), "More practice coins")),
    );
    purse.replaceChildren(...(await balances(me)));
  }

  #row(person: Person, isMe: boolean): HTMLElement {
    const isIn = viewer().toLowerCase() === person.account.address.toLowerCase();
    const about = `${person.role === "trader" ? "" : `${person.role} · `}${short(person.account.address)}${isIn ? " · signed in" : ""}`;
    return el(
      "button",
      { class: "menu-item", type: "button", "data-person": person.id, ...(isMe && { "aria-current": "true" }) },
      icon(person.role === "arbitrator" ? "scale" : person.role === "operator" ? "layers" : "user", "s"),
      el("span", {}, el("b", {}, person.name), el("small", {}, about)),
    );
  }

  readonly #click = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("button");
    if (!button || button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    const done = button.dataset["person"] ? this.#become(button.dataset["person"]) : this.#fill();
    done.catch((thrown) => toast(troubleOf(thrown).message)).finally(() => button.removeAttribute("aria-busy"));
  };

  async #become(id: string): Promise<void> {
    const person = (await people()).find((one) => one.id === id);
    if (!person) return;
    play(person);
    await fillIfEmpty(person);
    await signIn(person);
    location.assign(person.role === "arbitrator" ? "/desk/" : location.pathname.startsWith("/connect/") ? "/" : location.pathname);
  }

  async #fill(): Promise<void> {
    const me = await current();
    const { given } = await fill(me.account.address);
    toast(`Added ${Object.entries(given).map(([symbol, amount]) => `${amount} ${symbol}`).join(", ")}`);
    await this.#draw();
  }
}

async function balances({ account }: Person): Promise<HTMLElement[]> {
  const assets = deployments[String(chainId())]?.assets ?? [];
  return Promise.all(
    assets.map(async ({ token, symbol, decimals }) => {
      const { data } = tokenCall(token as Hex, "balanceOf", account.address);
      const held = NATIVE.test(token) ? await ask<string>("eth_getBalance", [account.address, "latest"]) : await ask<string>("eth_call", [{ to: token, data }, "latest"]);
      return line(symbol, groupedText(amountDown(BigInt(held), decimals, Math.min(decimals, 4))));
    }),
  );
}

customElements.define("app-practice", Practice);
