/** The sign-in message (EIP-4361) as the server wrote it, checked before a wallet sees it. */

import { Problem } from "../page.ts";
import type { Device } from "./keys.ts";

/** @throws Problem unless the message is for this site, this account and this browser, and asks for nothing else. */
export function checkMessage(message: string, address: string, keys: Device): void {
  const lines = message.split("\n");
  const resources = lines.slice(lines.indexOf("Resources:") + 1);
  const uri = /^URI: (.*)$/m.exec(message)?.[1] ?? "";
  const isOurs =
    lines[0] === `${location.host} wants you to sign in with your Ethereum account:` &&
    lines[1]?.toLowerCase() === address.toLowerCase() &&
    URL.canParse(uri) &&
    new URL(uri).origin === location.origin &&
    lines.includes("Resources:") &&
    resources.length === 1 &&
    resources[0] === `- urn:parley:device:1:${keys.signing}:${keys.agreement}`;
  if (!isOurs) throw new Problem("The sign-in message does not name this site, this account and this browser, so nothing was signed. Reload the page.");
}
