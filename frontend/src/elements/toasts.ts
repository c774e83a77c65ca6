/** <app-toasts>: short news at the edge of the page, spoken politely. */

import { el } from "../dom.ts";

const SHOWN_MILLISECONDS = 4_000;

class Toasts extends HTMLElement {
  show(text: string): void {
    const shown = el("p", { class: "toast" }, text);
    this.append(shown);
    setTimeout(() => shown.remove(), SHOWN_MILLISECONDS);
  }
}

customElements.define("app-toasts", Toasts);

/** Tell the person something in passing. */
export const toast = (text: string): void => document.querySelector<Toasts>("app-toasts")?.show(text);
