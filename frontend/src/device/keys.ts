/**
 * This browser's device keys: Ed25519 to sign, X25519 to agree. WebCrypto makes them and never gives them out; where
 * a browser cannot, the curves are computed here and the secrets lie in the same store. Bound to the wallet by one line of the sign-in.
 */

import { within } from "./store.ts";

export interface Device {
  /** Public keys, 64 hex digits each. */
  signing: string;
  agreement: string;
  keys: { signing: CryptoKeyPair; agreement: CryptoKeyPair } | { signing: Uint8Array; agreement: Uint8Array };
}

const KEY = "current";

/** This browser's device, made on first use. @throws Problem where nothing can be stored. */
export async function device(): Promise<Device> {
  const known = await within<Device | undefined>("device", "readonly", (store) => store.get(KEY));
  if (known) return known;
  const made = await make();
  // Two tabs may be here at once: the one that stores first wins, the other takes what it finds.
  await within("device", "readwrite", (store) => store.add(made, KEY)).catch(() => undefined);
  return (await within<Device | undefined>("device", "readonly", (store) => store.get(KEY))) ?? made;
}

/** The secret half that signs. */
export const signingSecret = ({ keys }: Device): CryptoKey | Uint8Array => (keys.signing instanceof Uint8Array ? keys.signing : keys.signing.privateKey);

const hex = (bytes: Uint8Array | ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function make(): Promise<Device> {
  try {
    const signing = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
    const agreement = (await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])) as CryptoKeyPair;
    return {
      signing: hex(await crypto.subtle.exportKey("raw", signing.publicKey)),
      agreement: hex(await crypto.subtle.exportKey("raw", agreement.publicKey)),
      keys: { signing, agreement },
    };
  } catch {
    const { ed25519, x25519 } = await import("@noble/curves/ed25519");
    const keys = { signing: ed25519.utils.randomPrivateKey(), agreement: x25519.utils.randomPrivateKey() };
    return {
      signing: hex(ed25519.getPublicKey(keys.signing)),
      agreement: hex(x25519.getPublicKey(keys.agreement)),
      keys,
    };
  }
}
