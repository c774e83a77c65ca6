/**
 * <app-opened data-room data-source data-entries data-device>: the messages that the parties opened, read with the
 * arbitrator's own device and checked here. The hub shows the desk envelopes, never words.
 */

import { el, icon } from "../dom.ts";
import { Problem } from "../page.ts";

const BROKEN = "This browser could not check the conversation, so it shows none of it. Reload the page; ask the parties for a saved file if that does not help.";

class Opened extends HTMLElement {
  #isLoading = false;

  connectedCallback(): void {
    document.addEventListener("htmx:after:swap", this.#swapped);
    void this.load();
  }

  disconnectedCallback(): void {
    document.removeEventListener("htmx:after:swap", this.#swapped);
  }

  /** The case was drawn again, and with it the server's empty list. */
  readonly #swapped = (): void => {
    if (this.querySelector("[data-reading]") && !this.#isLoading) void this.load();
  };

  /** Read, check and list. */
  async load(): Promise<void> {
    const place = this.querySelector<HTMLElement>("[data-list]");
    if (!place) return;
    this.#isLoading = true;
    try {
      const { openedView } = await import("../sealed/opened.ts");
      place.replaceChildren(...(await openedView(this.dataset as Record<string, string>)));
    } catch (thrown) {
      place.replaceChildren(el("p", { class: "tip is-clay" }, icon("triangle-alert"), el("span", {}, thrown instanceof Problem ? thrown.message : BROKEN)));
    }
    this.#isLoading = false;
  }
}

customElements.define("app-opened", Opened);
