/** After a sign-in the next page leaves room keys with the hub: only that page holds the new session's form token. */

import { viewer } from "./page.ts";

const DUE = "parley.stock";

/** The next page of this tab shall fill the stock. */
export function askForStock(): void {
  try {
    sessionStorage.setItem(DUE, "due");
  } catch {
    // A browser that keeps nothing has no keys to leave either; an open chat fills the stock too.
  }
}

/** Fill it if a sign-in asked for it; what fails is tried by the next page, and by every open chat. */
export async function fillIfDue(): Promise<void> {
  try {
    if (!viewer() || sessionStorage.getItem(DUE) === null) return;
    const { fillStock } = await import("./sealed/stock.ts");
    await fillStock(viewer());
    sessionStorage.removeItem(DUE);
  } catch {
    // Nothing is lost.
  }
}
