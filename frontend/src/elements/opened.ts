/**
 * <app-opened data-room data-source data-entries data-device>: the messages that the parties opened, read with the
 * arbitrator's own device and checked here. The hub shows the desk envelopes, never words.
 */

import { el, icon } from "../dom.ts";
import { Problem } from "../page.ts";

const BROKEN = "This browser could not check the conversation, so it shows none of it. Reload the page; ask the parties for a saved file if that does not help.";

class Opened extends HTMLElement {
  #isLoading = false;
  #views: Node[] = [];

  connectedCallback(): void {
    document.addEventListener("htmx:after:swap", this.#swapped);
    void this.load();
  }

  disconnectedCallback(): void {
    document.removeEventListener("htmx:after:swap", this.#swapped);
  }

  /** Read, check and list. */
  async load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const { openedView } = await import("../sealed/opened.ts");
      this.#views = await openedView(this.dataset as Record<string, string>);
    } catch (thrown) {
      this.#views = [el("p", { class: "tip is-clay" }, icon("triangle-alert"), el("span", {}, thrown instanceof Problem ? thrown.message : BROKEN))];
    } finally {
      this.#isLoading = false;
    }
    this.#draw();
  }

  /** The case was drawn again, and with it the server's empty list: what was read stands there until it is read anew. */
  readonly #swapped = (): void => {
    if (!this.querySelector("[data-reading]")) return;
    if (this.#views.length) this.#draw();
    void this.load();
  };

  #draw(): void {
    this.querySelector("[data-list]")?.replaceChildren(...this.#views);
  }
}

customElements.define("app-opened", Opened);
