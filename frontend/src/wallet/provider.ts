/** Wallets in this browser: EIP-6963 discovery over EIP-1193 providers. Nothing is asked before a person taps. */

export interface Provider {
  request(call: { method: string; params?: readonly unknown[] }): Promise<unknown>;
  on?(event: string, listener: (value: unknown) => void): unknown;
}

export interface Wallet {
  info: { uuid: string; name: string; icon: string; rdns: string };
  provider: Provider;
}

const ANNOUNCE = "eip6963:announceProvider";
const REQUEST = "eip6963:requestProvider";
const LAST = "parley:wallet";
const LEGACY = "injected";

const found = new Map<string, Wallet>();
const listeners = new Set<() => void>();

window.addEventListener(ANNOUNCE, (event) => {
  const wallet = (event as CustomEvent<Wallet>).detail;
  if (!wallet?.info?.uuid || found.has(wallet.info.uuid)) return;
  found.set(wallet.info.uuid, wallet);
  for (const listener of listeners) listener();
});
window.dispatchEvent(new Event(REQUEST));

/** The wallets seen so far, the one used last first. */
export function wallets(): Wallet[] {
  const last = localStorage.getItem(LAST);
  const known = [...found.values()];
  const old = (window as { ethereum?: Provider }).ethereum;
  if (old && !known.length) {
    known.push({ info: { uuid: LEGACY, name: "Wallet in this browser", icon: "", rdns: LEGACY }, provider: old });
  }
  return known.sort((one, other) => Number(other.info.rdns === last) - Number(one.info.rdns === last));
}

/** Hear of wallets that announce themselves later. Returns what stops it. */
export function onWallets(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isLast = (wallet: Wallet): boolean => localStorage.getItem(LAST) === wallet.info.rdns;

export const remember = (wallet: Wallet): void => localStorage.setItem(LAST, wallet.info.rdns);

/** A data: picture of the wallet's own, or "" : remote pictures are never loaded. */
export const pictureOf = (wallet: Wallet): string => (/^data:image\//.test(wallet.info.icon) ? wallet.info.icon : "");

export const accountsOf = async (wallet: Wallet, ask: boolean): Promise<string[]> =>
  (await wallet.provider.request({ method: ask ? "eth_requestAccounts" : "eth_accounts" })) as string[];
