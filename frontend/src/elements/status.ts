/** The line under an action that says what is going on: one sentence, a spinner while waiting, details for support. */

import { el } from "../dom.ts";
import type { WalletTrouble } from "../wallet/trouble.ts";

/** Writes into the host's [data-status], which the server gave role=status. */
export class StatusLine {
  readonly #place: HTMLElement;
  #hint = 0;

  constructor(host: HTMLElement) {
    this.#place = host.querySelector<HTMLElement>("[data-status]") ?? host.appendChild(el("p", { "data-status": true, role: "status" }));
    this.#place.classList.add("status");
    this.#place.dataset["of"] = host.getAttribute("move") ?? "";
  }

  /** Something goes on. After `slow` seconds a second sentence tells what to do. */
  busy(text: string, slow = ""): void {
    this.#write("", el("span", { class: "spin", "aria-hidden": "true" }), el("span", {}, text));
    if (slow) this.#hint = window.setTimeout(() => this.#place.append(el("span", { class: "soft" }, slow)), 8_000);
  }

  good(text: string): void {
    this.#write("is-good", el("span", {}, text));
  }

  calm(text: string): void {
    this.#write("", el("span", {}, text));
  }

  clear(): void {
    this.#write("");
  }

  /** A refusal; nothing red when somebody only said no. */
  trouble(trouble: WalletTrouble): void {
    const said: Node[] = [el("span", {}, trouble.message)];
    if (trouble.detail && !trouble.calm) {
      said.push(el("details", { class: "t125" }, el("summary", {}, "Details for support"), el("code", {}, trouble.detail.slice(0, 600))));
    }
    this.#write(trouble.calm ? "" : "is-bad", el("div", { class: "stack stack-4" }, ...said));
  }

  #write(tone: string, ...parts: Node[]): void {
    window.clearTimeout(this.#hint);
    this.#place.classList.remove("is-good", "is-bad");
    if (tone) this.#place.classList.add(tone);
    this.#place.replaceChildren(...parts);
  }
}

/** Run one action at a time: marks the pressed button, and frees it at the end. */
export async function pressed(button: HTMLElement | null | undefined, action: () => Promise<void>): Promise<void> {
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    button?.removeAttribute("aria-busy");
  }
}
