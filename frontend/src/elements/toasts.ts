/** <app-toasts>: short news at the edge of the page, spoken politely. See toast.ts for saying something. */

import { TOAST } from "../toast.ts";
import { el } from "../dom.ts";

const SHOWN_MILLISECONDS = 4_000;

class Toasts extends HTMLElement {
  connectedCallback(): void {
    document.addEventListener(TOAST, this.#show);
  }

  disconnectedCallback(): void {
    document.removeEventListener(TOAST, this.#show);
  }

  readonly #show = (event: Event): void => {
    const shown = el("p", { class: "toast" }, String((event as CustomEvent<string>).detail));
    this.append(shown);
    setTimeout(() => shown.remove(), SHOWN_MILLISECONDS);
  };
}

customElements.define("app-toasts", Toasts);
