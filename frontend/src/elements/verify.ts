/**
 * <app-verify>: a bundle of evidence is dropped or picked and checked in the page alone. Nothing is sent anywhere; the
 * same check works on a saved page without a connection.
 */

import { el } from "../dom.ts";

const MOST_BYTES = 64 * 1024 * 1024;

class Verify extends HTMLElement {
  connectedCallback(): void {
    this.#field?.addEventListener("change", this.#pick);
    this.addEventListener("dragover", this.#over);
    this.addEventListener("dragleave", this.#leave);
    this.addEventListener("drop", this.#drop);
    // Picked before this code was here.
    this.#pick();
  }

  disconnectedCallback(): void {
    this.#field?.removeEventListener("change", this.#pick);
    this.removeEventListener("dragover", this.#over);
    this.removeEventListener("dragleave", this.#leave);
    this.removeEventListener("drop", this.#drop);
  }

  /** Check a file and show what it proves. */
  async check(file: File): Promise<void> {
    const place = this.querySelector<HTMLElement>("[data-result]");
    if (!place) return;
    place.replaceChildren(el("p", { class: "soft" }, `Checking ${file.name}…`));
    try {
      if (file.size > MOST_BYTES) throw new Error("size");
      const [{ verifyBundle }, { reportView }] = await Promise.all([import("../sealed/bundle.ts"), import("../sealed/report.ts")]);
      place.replaceChildren(reportView(file.name, await verifyBundle(new Uint8Array(await file.arrayBuffer()))));
    } catch (thrown) {
      const { refusalView } = await import("../sealed/report.ts");
      place.replaceChildren(refusalView(file.name, thrown));
    }
  }

  readonly #pick = (): void => {
    const file = this.#field?.files?.[0];
    if (file) void this.check(file);
  };

  readonly #over = (event: DragEvent): void => {
    event.preventDefault();
    this.classList.add("is-over");
  };

  readonly #leave = (): void => this.classList.remove("is-over");

  readonly #drop = (event: DragEvent): void => {
    event.preventDefault();
    this.#leave();
    const file = event.dataTransfer?.files[0];
    if (file) void this.check(file);
  };

  get #field(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>("input[type=file]");
  }
}

customElements.define("app-verify", Verify);
