/**
 * <app-disclose data-room data-device data-entries data-sheet data-audience data-given data-done>: pick messages and open
 * them to the arbitrator whom the contract names. Only this browser can: the hub has no key to give.
 */

import { el, icon } from "../dom.ts";
import { Problem } from "../page.ts";
import { StatusLine, pressed } from "./status.ts";

const BROKEN = "This browser could not check the conversation, so nothing can be shown from it. Reload the page; the case goes on without it.";

class Disclose extends HTMLElement {
  connectedCallback(): void {
    void this.load();
  }

  /** Read the conversation and list what can be shown. */
  async load(): Promise<void> {
    const place = this.querySelector<HTMLElement>("[data-list]");
    if (!place) return;
    try {
      const { Picking } = await import("../sealed/picking.ts");
      const picking = await Picking.of(this.dataset as Record<string, string>);
      place.replaceChildren(...picking.view());
      const form = this.querySelector("form");
      form?.addEventListener("submit", (event) => {
        event.preventDefault();
        const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
        if (button) void pressed(button, () => this.#give(picking, place));
      });
    } catch (thrown) {
      place.replaceChildren(el("p", { class: "tip is-clay", role: "alert" }, icon("triangle-alert"), el("span", {}, thrown instanceof Problem ? thrown.message : BROKEN)));
    }
  }

  async #give(picking: { give(place: HTMLElement): Promise<void> }, place: HTMLElement): Promise<void> {
    const status = new StatusLine(this);
    try {
      status.busy("Sealing for the arbitrator…");
      await picking.give(place);
      status.good("Opened. The arbitrator can read them, and the other side sees which.");
      location.assign(this.dataset["done"] ?? location.href);
    } catch (thrown) {
      status.trouble({ name: "", code: "", calm: false, detail: "", message: thrown instanceof Problem ? thrown.message : BROKEN });
    }
  }
}

customElements.define("app-disclose", Disclose);
