/** Whose devices this reader believes in a room: bound to their account, and accepted here. */

import type { SentBinding } from "../chat/log.ts";
import { type Bytes, from0x, hex, same } from "./bytes.ts";
import { type Binding, type Place, type Voucher, voucherOf } from "./binding.ts";
import type { Named } from "./messages.ts";
import { deviceOf } from "./layout.ts";

export interface Somebody {
  address: string;
  bindings: SentBinding[];
}

export type Standing = "accepted" | "asks" | "refused";

export class Trust {
  readonly #place: Place;
  readonly #terms: string[];
  /** Who vouches, by device and account in hex. */
  readonly #vouchers = new Map<string, Voucher>();
  readonly #looked = new Set<string>();
  readonly #accepted: Set<string>;

  constructor(place: Place, terms: string[], accepted: Iterable<string>) {
    this.#place = place;
    this.#terms = terms;
    this.#accepted = new Set(accepted);
  }

  get accepted(): string[] {
    return [...this.#accepted];
  }

  /** Look at the bindings of people; each one once. */
  async learn(people: Somebody[]): Promise<void> {
    for (const { address, bindings } of people) for (const binding of bindings) await this.#learn(address, binding);
  }

  async #learn(address: string, binding: SentBinding): Promise<void> {
    const spelling = JSON.stringify([address, binding]);
    if (this.#looked.has(spelling)) return;
    this.#looked.add(spelling);
    try {
      const device = deviceOf(from0x(binding.signing, 32), from0x(binding.agreement, 32));
      const whole: Binding = { address, message: binding.message, signature: binding.signature };
      const isItself = same(device, from0x(binding.device, 32)) && binding.message.endsWith(`:${binding.signing}:${binding.agreement}`);
      if (isItself) this.#vouchers.set(keyOf(device, from0x(address, 20)), await voucherOf(whole, this.#place, this.#terms));
    } catch {
      // A binding that does not hold is none.
    }
  }

  /** Who vouches that a statement's device is its account's, if anybody. */
  voucher({ statement }: Named): Voucher | null {
    return this.#vouchers.get(keyOf(statement.device, statement.address)) ?? null;
  }

  /** Whether the reader believes the statement's device; `isFirst` says that nothing had been said before it came. */
  standing(named: Named, isFirst: boolean): Standing {
    const key = keyOf(named.statement.device, named.statement.address);
    const voucher = this.voucher(named);
    if (!voucher) return "refused";
    if (this.#accepted.has(key)) return "accepted";
    if (!isFirst || voucher === "hub") return "asks";
    this.#accepted.add(key);
    return "accepted";
  }

  accept({ statement }: Named): void {
    this.#accepted.add(keyOf(statement.device, statement.address));
  }
}

const keyOf = (device: Bytes, address: Bytes): string => `${hex(device)}:${hex(address)}`;

/** A device's safety code, to be compared by voice: the first ten bytes of its hash, in fives. */
export const safetyCode = (device: Uint8Array): string => hex(device.slice(0, 10)).replace(/.{4}(?=.)/g, "$& ");
