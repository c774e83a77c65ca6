/**
 * <app-amount-pair price decimals exponent fee-bps second="net|coins"> around .pair: two amounts that move together,
 * input[data-fiat] and input[data-net] or [data-coins]. The one typed last leads; the other, and every [data-out] of the
 * form (fiat, coins, fee, net, netExact), follow exactly as the server will compute them.
 */

import { BadAmount, amountDown, amountText, baseUnits, coinsForDown, fee, fiatForUp, grossForNetUp, groupedText, netOfFee, written } from "../money.ts";

/** Decimals of coins in narrow places: two for coins near one unit of money, six for dear ones (price in three digits). */
const PLACES = { cheap: 2, dear: 6 };
const SPACE = "\u00a0";

export interface Amounts {
  /** Decimal text at the currency's exponent. */
  fiat: string;
  /** Base units that are locked; the fee comes off these. */
  coins: bigint;
  net: bigint;
}

export class AmountPair extends HTMLElement {
  #leads: "fiat" | "second" = "fiat";
  /** What the two fields say now, or null while they say nothing usable. */
  amounts: Amounts | null = null;

  connectedCallback(): void {
    this.addEventListener("input", this.#follow);
    this.#compute();
  }

  disconnectedCallback(): void {
    this.removeEventListener("input", this.#follow);
  }

  /** What leads, as the server takes it: the money, or the coins locked, in decimal text. @throws BadAmount */
  get leading(): { fiat: string } | { coins: string } {
    if (this.#leads === "fiat") return { fiat: written(this.#fiat.value) };
    return { coins: amountText(this.#fromSecond().coins, this.#decimals) };
  }

  readonly #follow = ({ target }: Event): void => {
    this.#leads = target === this.#fiat ? "fiat" : "second";
    this.#compute();
    if (!this.amounts) return;
    const { fiat, net, coins } = this.amounts;
    if (this.#leads === "second") this.#fiat.value = fiat;
    else this.#second.value = this.#shown(this.#isNet ? net : coins);
    this.#write(this.amounts);
  };

  #compute(): void {
    const lead = this.#leads === "fiat" ? this.#fiat : this.#second;
    this.#fiat.setCustomValidity("");
    this.#second.setCustomValidity("");
    this.amounts = null;
    if (!lead.value || !Number(this.getAttribute("price"))) return;
    try {
      this.amounts = this.#leads === "fiat" ? this.#fromFiat() : this.#fromSecond();
    } catch (thrown) {
      if (!(thrown instanceof BadAmount)) throw thrown;
      lead.setCustomValidity(thrown.message);
    }
  }

  #fromFiat(): Amounts {
    const cents = baseUnits(written(this.#fiat.value), this.#exponent);
    const fiat = amountText(cents, this.#exponent, this.#exponent);
    const coins = coinsForDown(fiat, this.#price, this.#decimals);
    return { fiat, coins, net: netOfFee(coins, this.#fee) };
  }

  #fromSecond(): Amounts {
    const typed = baseUnits(written(this.#second.value), this.#decimals);
    const coins = this.#isNet ? grossForNetUp(typed, this.#fee) : typed;
    return { fiat: fiatForUp(coins, this.#price, this.#decimals, this.#exponent), coins, net: netOfFee(coins, this.#fee) };
  }

  #write({ fiat, coins, net }: Amounts): void {
    const unit = (input: HTMLInputElement): string => input.closest("div")?.querySelector(".unit")?.textContent?.trim() ?? "";
    const symbol = unit(this.#second);
    const texts: Record<string, string> = {
      fiat: groupedText(fiat) + SPACE + unit(this.#fiat),
      coins: this.#exact(coins) + SPACE + symbol,
      fee: `−${this.#exact(fee(coins, this.#fee))}${SPACE}${symbol}`,
      net: groupedText(this.#shown(net)) + SPACE + symbol,
      // The last line of the ledger says what the wallet will sign, to the last digit.
      netExact: this.#exact(net) + SPACE + symbol,
    };
    const form = this.closest("form");
    // Buttons of the phone's bar stand outside the form and belong to it by its id.
    const outside = form?.id ? document.querySelectorAll<HTMLElement>(`[form="${CSS.escape(form.id)}"] [data-out]`) : [];
    for (const out of [...(form ?? this).querySelectorAll<HTMLElement>("[data-out]"), ...outside]) {
      const text = texts[out.dataset["out"] ?? ""];
      const place = out.querySelector(".amt") ?? out;
      if (text) place.textContent = text;
    }
  }

  #shown(units: bigint): string {
    const places = this.#price.split(".")[0]!.length > 2 ? PLACES.dear : PLACES.cheap;
    return amountDown(units, this.#decimals, Math.min(places, this.#decimals));
  }

  #exact(units: bigint): string {
    return groupedText(amountText(units, this.#decimals, 2));
  }

  get #fiat(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("[data-fiat]") as HTMLInputElement;
  }

  get #second(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("[data-net], [data-coins]") as HTMLInputElement;
  }

  get #isNet(): boolean {
    return this.#second.hasAttribute("data-net");
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
}

customElements.define("app-amount-pair", AmountPair);
