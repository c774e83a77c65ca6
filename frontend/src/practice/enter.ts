/** Entering as one of the people: fills the wallet when it is empty, and signs in. */

import { device } from "../device/keys.ts";
import { checkMessage } from "../device/message.ts";
import { postJson, viewer } from "../page.ts";
import { ask } from "./node.ts";
import type { Person } from "./people.ts";

/** Practice coins, if there are none yet. */
export async function fillIfEmpty({ account }: Person): Promise<void> {
  if (BigInt(await ask<string>("eth_getBalance", [account.address, "latest"])) === 0n) await fill(account.address);
}

export const fill = (address: string): Promise<{ given: Record<string, string> }> => postJson("/practice/faucet/", { address });

/** Sign in without asking again: the tap on a name, or on "Try it", was the question. */
export async function signIn({ account }: Person): Promise<void> {
  if (viewer().toLowerCase() === account.address.toLowerCase()) return;
  const keys = await device();
  const { message } = await postJson<{ message: string }>("/connect/challenge/", {
    address: account.address,
    device: { signing: keys.signing, agreement: keys.agreement },
  });
  checkMessage(message, account.address, keys);
  await postJson("/connect/verify/", { message, signature: await account.signMessage({ message }) });
  localStorage.setItem("parley:wallet", "app.parley.practice");
}
