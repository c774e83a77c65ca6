/** What a wallet is about to show, in words first: fills a [data-letter] ledger from the trade sheet. */

import { spanText } from "../clock.ts";
import { address, line } from "../dom.ts";
import { LATE_SECONDS, type Sheet } from "../sheet.ts";

/** The terms of a Take in reading order. Whole addresses, because this is a view that asks for consent. */
export function writeLetter(place: Element, { take, trade, agreement }: Sheet): void {
  place.replaceChildren(
    line("You pay", take.youPay),
    line("You get, fee off", take.youGet, true),
    line("Time to pay", spanText(Number(trade.payWindow) - LATE_SECONDS)),
    line("Time to release", spanText(Number(trade.releaseWindow))),
    line("Fee", `${Number(trade.feeBps) / 100} %, already off`),
    line("Reference", String(agreement["paymentReference"])),
    line("Seller", address(trade.seller)),
    line("Who judges", address(trade.arbitrator)),
  );
}
