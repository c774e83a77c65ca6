/** Small helps while somebody types: a split's other half, and a mark when the sum is the agreed one. */

import { BadAmount, amountText, baseUnits, written } from "../money.ts";

/**
 * Listens to "input" on a form. [data-rest-of="id"] shows what remains of data-whole base units, and the other way
 * round; [data-equals] gets its box marked when what is typed is right.
 */
export function assist(event: Event): void {
  const input = event.target;
  if (!(input instanceof HTMLInputElement)) return;
  if (input.dataset["equals"]) input.closest(".input")?.classList.toggle("is-ok", input.value !== "" && input.validity.valid);
  const other = otherHalf(input);
  if (other) other.value = restOf(input);
}

function otherHalf(input: HTMLInputElement): HTMLInputElement | null {
  const form = input.form;
  const of = input.dataset["restOf"];
  if (of) return form?.querySelector<HTMLInputElement>(`#${CSS.escape(of)}`) ?? null;
  return input.id ? (form?.querySelector<HTMLInputElement>(`[data-rest-of="${CSS.escape(input.id)}"]`) ?? null) : null;
}

function restOf(input: HTMLInputElement): string {
  const decimals = Number(input.dataset["decimals"] ?? 0);
  input.setCustomValidity("");
  if (!input.value) return "";
  try {
    const rest = BigInt(input.dataset["whole"] ?? 0) - baseUnits(written(input.value), decimals);
    if (rest < 0n) throw new BadAmount("That is more than is locked.");
    return amountText(rest, decimals);
  } catch (thrown) {
    if (!(thrown instanceof BadAmount)) throw thrown;
    input.setCustomValidity(thrown.message);
    return "";
  }
}
