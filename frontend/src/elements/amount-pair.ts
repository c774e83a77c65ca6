/**
 * <app-amount-pair price decimals exponent fee-bps second="net|coins">: two amounts that move together. The one typed
 * last leads (data-leads); the other, and every [data-out] of the form, follow exactly as the server will compute them.
 */

import { BadAmount, amountDown, amountText, baseUnits, coinsForDown, fee, fiatForUp, grossForNetUp, groupedText, netOfFee, written } from "../money.ts";

const SHOWN_PLACES = 6;

export interface Amounts {
  /** Decimal text. */
  fiat: string;
  /** Base units that are locked, of which the fee is taken. */
  gross: bigint;
  net: bigint;
}

export class AmountPair extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("input", this.#follow);
    const first = this.#input("fiat");
    if (first?.value) this.#update(first);
  }

  disconnectedCallback(): void {
    this.removeEventListener("input", this.#follow);
  }

  /** What leads: the money, or the coins locked (as decimal text), ready for the server. */
  get leading(): { fiat: string } | { coins: string } {
    if (this.dataset["leads"] !== "second") return { fiat: written(this.#input("fiat")?.value ?? "") };
    return { coins: amountText(this.#fromSecond().gross, this.#decimals) };
  }

  readonly #follow = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.#update(event.target);
  };

  #update(lead: HTMLInputElement): void {
    const isFiat = lead.name === "fiat";
    this.dataset["leads"] = isFiat ? "fiat" : "second";
    for (const input of this.querySelectorAll("input")) input.setCustomValidity("");
    try {
      const amounts = isFiat ? this.#fromFiat() : this.#fromSecond();
      const other = this.#input(isFiat ? this.#second : "fiat");
      if (other) other.value = isFiat ? this.#shown(this.#second === "net" ? amounts.net : amounts.gross) : amounts.fiat;
      this.#write(amounts);
    } catch (thrown) {
      if (!(thrown instanceof BadAmount)) throw thrown;
      if (lead.value) lead.setCustomValidity(thrown.message);
    }
  }

  #fromFiat(): Amounts {
    const fiat = written(this.#input("fiat")?.value ?? "");
    const gross = coinsForDown(amountText(baseUnits(fiat, this.#exponent), this.#exponent, this.#exponent), this.#price, this.#decimals);
    return { fiat, gross, net: netOfFee(gross, this.#fee) };
  }

  #fromSecond(): Amounts {
    const typed = baseUnits(written(this.#input(this.#second)?.value ?? ""), this.#decimals);
    const gross = this.#second === "net" ? grossForNetUp(typed, this.#fee) : typed;
    return { fiat: fiatForUp(gross, this.#price, this.#decimals, this.#exponent), gross, net: netOfFee(gross, this.#fee) };
  }

  #write({ fiat, gross, net }: Amounts): void {
    const outs: Record<string, string> = {
      fiat: groupedText(amountText(baseUnits(fiat, this.#exponent), this.#exponent, this.#exponent)),
      gross: groupedText(this.#shown(gross)),
      fee: groupedText(this.#shown(fee(gross, this.#fee))),
      net: groupedText(this.#shown(net)),
    };
    for (const out of (this.closest("form") ?? this).querySelectorAll<HTMLElement>("[data-out]")) {
      out.textContent = outs[out.dataset["out"] ?? ""] ?? "";
    }
    // Buttons of the phone's bar stand outside the form and belong to it by its id.
    const form = this.closest("form");
    for (const button of form?.id ? document.querySelectorAll<HTMLElement>(`[form="${form.id}"] [data-out]`) : []) {
      button.textContent = outs[button.dataset["out"] ?? ""] ?? "";
    }
  }

  readonly #shown = (units: bigint): string => amountDown(units, this.#decimals, Math.min(SHOWN_PLACES, this.#decimals));

  #input(name: string): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>(`input[name="${name}"]`);
  }

  get #price(): string {
    return this.getAttribute("price") || "0";
  }

  get #decimals(): number {
    return Number(this.getAttribute("decimals") ?? 18);
  }

  get #exponent(): number {
    return Number(this.getAttribute("exponent") ?? 2);
  }

  get #fee(): bigint {
    return BigInt(this.getAttribute("fee-bps") ?? 0);
  }

  get #second(): string {
    return this.getAttribute("second") ?? "net";
  }
}

customElements.define("app-amount-pair", AmountPair);
