/**
 * <app-opened data-room data-source data-entries data-device>: the messages that the parties opened, read with the
 * arbitrator's own device and checked here. The hub shows the desk envelopes, never words.
 */

import { el, icon } from "../dom.ts";
import { Problem } from "../page.ts";

const BROKEN = "This browser could not check the conversation, so it shows none of it. Reload the page; ask the parties for a saved file if that does not help.";

class Opened extends HTMLElement {
  connectedCallback(): void {
    void this.load();
  }

  /** Read, check and list. */
  async load(): Promise<void> {
    const place = this.querySelector<HTMLElement>("[data-list]");
    if (!place) return;
    try {
      const { openedView } = await import("../sealed/opened.ts");
      place.replaceChildren(...(await openedView(this.dataset as Record<string, string>)));
    } catch (thrown) {
      place.replaceChildren(el("p", { class: "tip is-clay" }, icon("triangle-alert"), el("span", {}, thrown instanceof Problem ? thrown.message : BROKEN)));
    }
    this.dataset["read"] = "";
  }
}

customElements.define("app-opened", Opened);
