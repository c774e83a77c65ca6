/**
 * <app-push key url>: turns the browser's own notices on. `key` is the hub's public key, `url` takes the subscription.
 * What stands in the way, if anything, is told before a button is shown.
 */

import { postJson } from "../page.ts";
import { workerAddress } from "../trusted.ts";
import { troubleOf } from "../wallet/trouble.ts";
import { StatusLine, pressed } from "./status.ts";

type State = "unsupported" | "install" | "denied" | "on" | "off";

const WORDS: Record<State, string> = {
  unsupported: "This browser has no notices of pages. Use mail, or another browser.",
  install: "On an iPhone or iPad, notices work for a page on the Home Screen: open Share, choose “Add to Home Screen”, open Parley from there and come back to this page.",
  denied: "Notices of this site are blocked in this browser. Allow them in the browser’s settings for this site, then load this page again.",
  on: "Notices are on in this browser.",
  off: "The browser asks you once. You can take it back at any time.",
};

class Push extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#press);
    document.addEventListener("htmx:after:swap", this.#draw);
    void this.#draw();
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#press);
    document.removeEventListener("htmx:after:swap", this.#draw);
  }

  readonly #press = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("button");
    if (button) void pressed(button, () => this.#turnOn());
  };

  readonly #draw = async (): Promise<void> => {
    const state = await stateOf();
    const place = this.querySelector("[data-state]");
    if (place) place.textContent = WORDS[state];
    const button = this.querySelector("button");
    if (button) button.hidden = state !== "off";
    this.dataset["is"] = state;
  };

  async #turnOn(): Promise<void> {
    const status = new StatusLine(this);
    try {
      status.busy("Asking the browser…");
      if ((await Notification.requestPermission()) === "granted") {
        const subscription = await subscribe(bytesOf(this.getAttribute("key") ?? ""));
        const { text } = await postJson<{ text: string }>(this.getAttribute("url") ?? "", subscription.toJSON());
        status.good(text);
        document.getElementById("channels")?.dispatchEvent(new Event("look-again"));
      } else {
        status.calm("Nothing was turned on.");
      }
    } catch (thrown) {
      if (thrown instanceof DOMException) status.calm("The browser could not reach its own push service. Nothing was turned on; try again, or use mail.");
      else status.trouble(troubleOf(thrown));
    }
    await this.#draw();
  }
}

async function stateOf(): Promise<State> {
  // Only iPhones and iPads have the word; false means: in the browser, not on the Home Screen.
  if ((navigator as { standalone?: boolean }).standalone === false && !("PushManager" in window)) return "install";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration("/");
  const mine = await registration?.pushManager.getSubscription();
  const listed = [...document.querySelectorAll<HTMLElement>("[data-endpoint]")].some((row) => row.dataset["endpoint"] === mine?.endpoint);
  return mine && listed && Notification.permission === "granted" ? "on" : "off";
}

async function subscribe(key: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
  await navigator.serviceWorker.register(workerAddress(), { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  // One that was made for another key of the hub cannot be used any more.
  const old = await pushManager.getSubscription();
  if (old && !sameBytes(old.options.applicationServerKey, key)) await old.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function sameBytes(known: ArrayBuffer | null, key: Uint8Array): boolean {
  const bytes = new Uint8Array(known ?? new ArrayBuffer(0));
  return bytes.length === key.length && bytes.every((value, at) => value === key[at]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

customElements.define("app-push", Push);
