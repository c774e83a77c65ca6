/** <app-copy value><button>: puts the raw value on the clipboard and says so. */

import { toast } from "../toast.ts";

const SHOWN_MILLISECONDS = 2_000;

class Copy extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#copy);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#copy);
  }

  readonly #copy = async (): Promise<void> => {
    const button = this.querySelector("button");
    const word = this.querySelector("[data-word]");
    try {
      await navigator.clipboard.writeText(this.getAttribute("value") ?? "");
    } catch {
      toast("This browser did not allow copying. Select the text instead.");
      return;
    }
    const label = this.querySelector(".sr")?.textContent?.trim() ?? "";
    toast(label ? `Copied: ${label}` : "Copied");
    button?.classList.add("is-done");
    if (word) word.textContent = "Copied";
    setTimeout(() => {
      button?.classList.remove("is-done");
      if (word) word.textContent = "Copy";
    }, SHOWN_MILLISECONDS);
  };
}

customElements.define("app-copy", Copy);
