/** The wallet that holds the account a page belongs to, on the network a trade lives on. */

import { deployments } from "parley:chain";

import { short } from "../dom.ts";
import { rpcUrl } from "../page.ts";
import { type Wallet, accountsOf, remember, wallets } from "./provider.ts";
import { WalletTrouble, isUnknownChain } from "./trouble.ts";

const has = (accounts: string[], address: string): boolean =>
  accounts.some((account) => account.toLowerCase() === address.toLowerCase());

/**
 * The wallet that holds `address`; looks silently first, then asks the one used last.
 *
 * @throws WalletTrouble when there is no wallet, or it shows another account.
 */
export async function walletOf(address: string): Promise<Wallet> {
  const known = wallets();
  const [first] = known;
  if (!first) {
    throw new WalletTrouble("No wallet was found in this browser. Open this page where your wallet is, or unlock it and reload.", "no_wallet");
  }
  for (const wallet of known) {
    if (has(await accountsOf(wallet, false).catch(() => []), address)) return chosen(wallet);
  }
  const shown = await accountsOf(first, true);
  if (has(shown, address)) return chosen(first);
  const other = shown[0] ? ` shows ${short(shown[0])}` : " shows no account";
  throw new WalletTrouble(`${first.info.name}${other}, but this page belongs to ${short(address)}. Switch the account in the wallet, then try again.`, "wrong_account");
}

/**
 * Whatever wallet is here, with the account it shows: for what anybody may send.
 *
 * @throws WalletTrouble when there is none, or it shows no account.
 */
export async function anyWallet(): Promise<[Wallet, string]> {
  const known = wallets();
  const [first] = known;
  if (!first) throw new WalletTrouble("No wallet was found in this browser. Open this page where a wallet is, or unlock it and reload.", "no_wallet");
  for (const wallet of known) {
    const [shown] = await accountsOf(wallet, false).catch(() => []);
    if (shown) return [chosen(wallet), shown];
  }
  const [account] = await accountsOf(first, true);
  if (!account) throw new WalletTrouble(`${first.info.name} shows no account. Nothing was sent. Choose one in the wallet, then try again.`, "no_account");
  return [chosen(first), account];
}

function chosen(wallet: Wallet): Wallet {
  remember(wallet);
  return wallet;
}

const chainOf = async (wallet: Wallet): Promise<number> => Number(await wallet.provider.request({ method: "eth_chainId" }));

/**
 * Bring the wallet to the chain; asks only when it is elsewhere, adds the pinned chain when it is unknown, and reads
 * the chain again afterwards, because the promise alone proves nothing.
 *
 * @throws WalletTrouble
 */
export async function useChain(wallet: Wallet, chainId: number): Promise<void> {
  if ((await chainOf(wallet)) === chainId) return;
  const id = `0x${chainId.toString(16)}`;
  const change = (): Promise<unknown> =>
    wallet.provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: id }] });
  try {
    await change();
  } catch (thrown) {
    if (!isUnknownChain(thrown)) throw thrown;
    await addChain(wallet, chainId, id);
    if ((await chainOf(wallet)) !== chainId) await change();
  }
  if ((await chainOf(wallet)) !== chainId) {
    throw new WalletTrouble(`${wallet.info.name} is still on another network. Nothing was sent. Choose ${nameOf(chainId)} in the wallet, then try again.`, "wrong_chain");
  }
}

const nameOf = (chainId: number): string => deployments[String(chainId)]?.name ?? `chain ${chainId}`;

async function addChain(wallet: Wallet, chainId: number, id: string): Promise<void> {
  const native = deployments[String(chainId)]?.assets.find(({ token }) => /^0x0+$/.test(token));
  await wallet.provider.request({
    method: "wallet_addEthereumChain",
    params: [
      {
        chainId: id,
        chainName: nameOf(chainId),
        rpcUrls: [rpcUrl()].filter(Boolean),
        nativeCurrency: { name: native?.name ?? "Ether", symbol: native?.symbol ?? "ETH", decimals: 18 },
      },
    ],
  });
}
