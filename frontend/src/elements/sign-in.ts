/**
 * <app-sign-in data-next>: pick a wallet, read what it will show, sign. The message must name this site, this account
 * and this browser's device, or nothing is signed. A contract's owners may take a day: the message is then good for so
 * long, and this browser is given the same one again.
 */

import { bytesToHex, stringToBytes } from "viem/utils";

import { momentText } from "../clock.ts";
import { device } from "../device/keys.ts";
import { checkMessage } from "../device/message.ts";
import { el, grouped, icon } from "../dom.ts";
import { Problem, go, postJson } from "../page.ts";
import { askForStock } from "../stocked.ts";
import { type Wallet, accountsOf, isLast, onWallets, pictureOf, remember, wallets } from "../wallet/provider.ts";
import { troubleOf } from "../wallet/trouble.ts";
import { StatusLine, pressed } from "./status.ts";

interface Challenge {
  message: string;
  words?: string[];
  goodUntil: number;
  slow: boolean;
}

interface Ready {
  wallet: Wallet;
  address: string;
  message: string;
  slow: boolean;
  /** Kept while only the way to us failed: nobody signs twice for that. */
  signature?: string;
}

const LOOK_MILLISECONDS = 400;
/** Refusals that say nothing of the signature. */
const UNHEARD = new Set(["offline", "server", "node_silent"]);
/** What an account with a key carries that lends itself a contract's code (EIP-7702); its key signs at once. */
const LENT = "0xef0100";

/** Whether the wallet's own node sees a contract at the account. */
async function isContract(wallet: Wallet, address: string): Promise<boolean> {
  const code = await wallet.provider.request({ method: "eth_getCode", params: [address, "latest"] }).catch(() => "0x");
  return typeof code === "string" && code.length > 2 && !code.startsWith(LENT);
}

class SignIn extends HTMLElement {
  #stop: () => void = () => undefined;
  #ready: Ready | null = null;

  connectedCallback(): void {
    this.addEventListener("click", this.#click);
    this.addEventListener("change", this.#change);
    this.#stop = onWallets(() => this.#list());
    this.#list();
    setTimeout(() => this.#list(true), LOOK_MILLISECONDS);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#click);
    this.removeEventListener("change", this.#change);
    this.#stop();
  }

  /** Pick the wallet, as a tap on its row does. `fresh` gives up a message that waits for owners. */
  async choose(wallet: Wallet, fresh = false): Promise<void> {
    const status = new StatusLine(this);
    this.#mark(wallet);
    try {
      status.busy(`Asking ${wallet.info.name} for an account…`, "Nothing popped up? Open the wallet from your browser's bar.");
      const [address] = await accountsOf(wallet, true);
      if (!address) throw new Problem("The wallet gave no account. Unlock it and try again.");
      const keys = await device();
      const owners = this.querySelector<HTMLInputElement>("[data-owners]");
      const seen = await isContract(wallet, address);
      // What is seen need not be asked.
      owners?.parentElement?.toggleAttribute("hidden", seen);
      const slow = seen || (owners?.checked ?? false);
      const named = { signing: keys.signing, agreement: keys.agreement };
      const challenge = await postJson<Challenge>("/connect/challenge/", { address, device: named, slow, fresh });
      checkMessage(challenge.message, address, keys);
      this.#ready = { wallet, address, message: challenge.message, slow: challenge.slow };
      this.#show(challenge, address);
      status.clear();
    } catch (thrown) {
      status.trouble(troubleOf(thrown));
    }
  }

  /** Sign the message shown and enter. */
  async sign(): Promise<void> {
    if (!this.#ready) return;
    const status = new StatusLine(this);
    const ready = this.#ready;
    const { wallet, address, message, slow } = ready;
    try {
      status.busy(`Sign in ${wallet.info.name}…`, slow ? "This page may be closed while owners sign." : "Nothing popped up? Open the wallet from your browser's bar.");
      ready.signature ??= (await wallet.provider.request({ method: "personal_sign", params: [bytesToHex(stringToBytes(message)), address] })) as string;
      const wanted = this.dataset["next"] || "/";
      const { next } = await postJson<{ next?: string }>("/connect/verify/", { message, signature: ready.signature, next: wanted });
      remember(wallet);
      status.good("Signed in.");
      askForStock();
      go(next ?? wanted);
    } catch (thrown) {
      if (!(thrown instanceof Problem && UNHEARD.has(thrown.code))) delete ready.signature;
      status.trouble(troubleOf(thrown));
    }
  }

  readonly #click = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button");
    if (!button) return;
    const wallet = wallets().find(({ info }) => info.uuid === button.dataset["wallet"]);
    if (wallet) void pressed(button, () => this.choose(wallet));
    else if (button.matches("[data-go]")) void pressed(button, () => this.sign());
    else if (button.matches("[data-fresh]") && this.#ready) {
      const { wallet: again } = this.#ready;
      void pressed(button, () => this.choose(again, true));
    }
  };

  readonly #change = (event: Event): void => {
    if (this.#ready && (event.target as Element).matches("[data-owners]")) void this.choose(this.#ready.wallet);
  };

  #list(isLate = false): void {
    const known = wallets();
    this.querySelector("[data-wallets]")?.replaceChildren(...known.map((wallet) => this.#row(wallet)));
    const none = this.querySelector<HTMLElement>("[data-no-wallet]");
    if (none) none.hidden = known.length > 0 || !isLate;
    if (this.#ready) this.#mark(this.#ready.wallet);
  }

  #row(wallet: Wallet): HTMLElement {
    const picture = pictureOf(wallet);
    const face = picture ? el("img", { src: picture, alt: "", width: 36, height: 36 }) : el("span", { class: "glyph" }, wallet.info.name.slice(0, 1));
    const about = isLast(wallet) ? "used last time" : (this.dataset[`about${wallet.info.rdns.replace(/\W/g, "")}`] ?? "in this browser");
    return el(
      "li",
      {},
      el("button", { type: "button", "data-wallet": wallet.info.uuid }, face, el("span", {}, el("b", {}, wallet.info.name), el("small", {}, about)), icon("chevron-right", "s")),
    );
  }

  #mark(wallet: Wallet): void {
    for (const button of this.querySelectorAll<HTMLElement>("[data-wallet]")) {
      const isOn = button.dataset["wallet"] === wallet.info.uuid;
      button.classList.toggle("is-on", isOn);
      button.setAttribute("aria-pressed", String(isOn));
    }
  }

  #show(challenge: Challenge, address: string): void {
    const words = challenge.words ?? [`I sign in to ${location.host} as`, grouped(address), "and this browser may read and write the chats of my trades."];
    const lines = this.querySelectorAll("[data-word]");
    words.forEach((text, at) => {
      const place = lines[at];
      if (place) place.textContent = place.classList.contains("mono") ? grouped(address) : text;
    });
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(challenge.message)?.[1] ?? "";
    const put = (name: string, text: string): void => {
      const place = this.querySelector(`[data-${name}]`);
      if (place) place.textContent = text;
    };
    put("nonce", field("Nonce"));
    put("life", challenge.slow ? `until ${momentText(challenge.goodUntil)}` : "5 minutes");
    put("until", momentText(challenge.goodUntil));
    for (const part of this.querySelectorAll<HTMLElement>("[data-waiting]")) part.hidden = !challenge.slow;
    const section = this.querySelector<HTMLElement>("section[data-words]");
    if (section) section.hidden = false;
    const button = this.querySelector<HTMLButtonElement>("[data-go]");
    button?.removeAttribute("disabled");
    button?.focus();
  }
}

customElements.define("app-sign-in", SignIn);
