/** The buyer's consent: signing the Take of a trade whose terms were checked. */

import { postJson } from "../page.ts";
import { type Sheet, checkSheet, rememberTake, takeMessage } from "../sheet.ts";
import { walletDocument } from "../typed/typed.ts";
import { useChain, walletOf } from "./connect.ts";
import { type Say, signTyped } from "./fund.ts";

/** Sign and hand in. Returns what the server answers. @throws SheetMismatch, WalletTrouble, Problem */
export async function signTake(sheet: Sheet, say: Say): Promise<{ next?: string }> {
  checkSheet(sheet);
  const wallet = await walletOf(sheet.viewer);
  await useChain(wallet, sheet.chainId);
  say(`Sign in ${wallet.info.name}: ${sheet.take.youPay} for ${sheet.take.youGet}`);
  const signature = await signTyped(wallet.provider, sheet.viewer, walletDocument("Take", takeMessage(sheet), sheet.chainId));
  rememberTake(sheet);
  const { deadline, youPay, youGet } = sheet.take;
  return postJson(sheet.urls["take"] ?? "", { deadline, youPay, youGet, signature });
}
