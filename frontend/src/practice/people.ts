/** Whom this browser can play on the practice network: you, a second you, and the devnet's own staff. */

import type { Hex } from "viem";
import { type PrivateKeyAccount, generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { getJson } from "../page.ts";

export interface Person {
  id: string;
  name: string;
  role: string;
  account: PrivateKeyAccount;
}

interface Cast {
  people: { name: string; role: string; key: Hex }[];
}

const KEYS = "parley:practice:keys";
const WHO = "parley:practice:who";
const OWN: [id: string, name: string][] = [
  ["you", "You"],
  ["second", "A second you"],
];

/** A key of one's own, made here on first use. The coins it holds are worth nothing, so it may lie in local storage. */
function ownKey(id: string): Hex {
  const kept = JSON.parse(localStorage.getItem(KEYS) ?? "{}") as Record<string, Hex>;
  const key = (kept[id] ??= generatePrivateKey());
  localStorage.setItem(KEYS, JSON.stringify(kept));
  return key;
}

const own = (id: string, name: string): Person => ({ id, name, role: "trader", account: privateKeyToAccount(ownKey(id)) });

let cast: Promise<Person[]> | null = null;

/** Everybody who can be played. */
export async function people(): Promise<Person[]> {
  cast ??= getJson<Cast>("/practice/cast/").then(
    ({ people: staff }) => staff.map(({ name, role, key }) => ({ id: name, name, role, account: privateKeyToAccount(key) })),
    () => [],
  );
  return [...OWN.map(([id, name]) => own(id, name)), ...(await cast)];
}

/** Who is played now. */
export async function current(): Promise<Person> {
  const wanted = localStorage.getItem(WHO) ?? "you";
  return (await people()).find(({ id }) => id === wanted) ?? own("you", "You");
}

export const play = (person: Person): void => localStorage.setItem(WHO, person.id);
