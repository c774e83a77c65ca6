/** <app-try data-side="buy">: one tap makes the practice wallet, fills it, signs in and opens a matched offer. */

import { StatusLine, pressed } from "../elements/status.ts";
import { getJson, go } from "../page.ts";
import { troubleOf } from "../wallet/trouble.ts";
import { fillIfEmpty, signIn } from "./enter.ts";
import { people, play } from "./people.ts";

class Try extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#press);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#press);
  }

  readonly #press = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("button, a");
    if (!button) return;
    event.preventDefault();
    void pressed(button, () => this.#begin(button.dataset["side"] ?? this.dataset["side"] ?? "buy"));
  };

  async #begin(side: string): Promise<void> {
    const status = new StatusLine(this);
    try {
      status.busy("Making a practice wallet…");
      const [you] = await people();
      if (!you) return;
      play(you);
      status.busy("Filling it with practice coins…");
      await fillIfEmpty(you);
      const { url } = await getJson<{ url: string }>(`/practice/match/?side=${encodeURIComponent(side)}&amount=200`);
      status.busy("Signing in…");
      await signIn(you);
      status.good("Here we go.");
      go(url);
    } catch (thrown) {
      status.trouble(troubleOf(thrown));
    }
  }
}

customElements.define("app-try", Try);
