/** What a wallet is about to show, in words first: fills a [data-letter] ledger from the trade sheet. */

import { spanText } from "../clock.ts";
import { grouped, line } from "../dom.ts";
import type { Sheet } from "../sheet.ts";

/** The terms of a Take in reading order. Whole addresses, because this is a view that asks for consent. */
export function writeLetter(place: Element, { take, trade, agreement }: Sheet): void {
  place.replaceChildren(
    line("You pay", take.youPay),
    line("You get, fee off", take.youGet, true),
    line("Time to pay", spanText(Number(trade.payWindow))),
    line("Time to release", spanText(Number(trade.releaseWindow))),
    line("Fee", `${Number(trade.feeBps) / 100} %, already off`),
    line("Reference", String(agreement["paymentReference"])),
    line("Seller", grouped(trade.seller)),
    line("Who judges", grouped(trade.arbitrator)),
  );
}
