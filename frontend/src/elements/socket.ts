/**
 * <app-socket topic region target>: keeps what it names in step with the hub. One connection serves the whole tab.
 *
 * A hint re-fetches `region` and morphs the part `target` of it; anything with data-topic does the same for itself (its
 * own hx-get if it has one, else this page). Each hint is also a document event, "app:hint" {topic, seq}. Without a
 * topic the element is the calm bar that appears when the connection has been away for ten seconds.
 */

import { connection, type State } from "../chat/connection.ts";
import { el, icon } from "../dom.ts";

const CALM_MILLISECONDS = 10_000;
const TOGETHER_MILLISECONDS = 150;

interface Htmx {
  ajax(method: string, url: string, options: object): Promise<void>;
}

/** Fetches one part of a page again: hints that come close together, or during a fetch, cost one more fetch. */
class Refresher {
  readonly #fetch: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBusy = false;
  #again = false;

  constructor(fetch: () => Promise<void>) {
    this.#fetch = fetch;
  }

  soon(): void {
    if (this.#isBusy) {
      this.#again = true;
      return;
    }
    this.#timer ??= setTimeout(() => void this.#run(), TOGETHER_MILLISECONDS);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isBusy = true;
    try {
      await this.#fetch();
    } catch {
      // What is on the page stays; the next hint or poll tries again.
    } finally {
      this.#isBusy = false;
    }
    if (!this.#again) return;
    this.#again = false;
    this.soon();
  }
}

class Socket extends HTMLElement {
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  connectedCallback(): void {
    const topic = this.getAttribute("topic");
    this.#stop = topic ? this.#follow(topic) : connection().watch((state) => this.#say(state));
  }

  disconnectedCallback(): void {
    this.#stop?.();
    clearTimeout(this.#timer);
  }

  #follow(topic: string): () => void {
    const region = this.getAttribute("region");
    const target = this.getAttribute("target") ?? "#main";
    const refresher = new Refresher(() => morph(region ?? location.href, target));
    return followed(topic, () => {
      if (region) refresher.soon();
    });
  }

  #say(state: State): void {
    if (state === "connecting") return;
    clearTimeout(this.#timer);
    if (state === "open" || state === "idle") this.replaceChildren();
    else this.#timer = setTimeout(() => this.replaceChildren(bar(state)), state === "away" ? CALM_MILLISECONDS : 0);
  }
}

function bar(state: State): HTMLElement {
  if (state === "signed-out") {
    const next = encodeURIComponent(location.pathname + location.search);
    const again = el("a", { href: `/connect/?next=${next}` }, "Sign in again");
    return el("p", { class: "banner", role: "status" }, icon("log-out", "s"), el("span", {}, "You are signed out. Nothing you did is lost. ", again));
  }
  const words = "No live connection right now. This page looks again every 30 seconds, and what you write is kept.";
  return el("p", { class: "banner", role: "status" }, icon("wifi-off", "s"), el("span", {}, words));
}

/** Follow a topic; every hint is also told to the document. */
function followed(topic: string, look: () => void): () => void {
  return connection().follow(topic, (seq) => {
    document.dispatchEvent(new CustomEvent("app:hint", { detail: { topic, seq } }));
    look();
  });
}

async function morph(url: string, target: string): Promise<void> {
  const htmx = (window as { htmx?: Htmx }).htmx;
  const place = document.querySelector(target);
  if (!htmx || !place) return;
  await htmx.ajax("GET", url, { source: place, target: place, select: target, swap: "outerMorph" });
  // The answer was another page than the one that is open.
  if (!document.querySelector(target)) location.reload();
}

const watched = new Map<HTMLElement, () => void>();

/** Follow what the page shows with data-topic, and nothing that has left it. */
function scan(): void {
  for (const [place, stop] of watched) {
    if (place.isConnected) continue;
    stop();
    watched.delete(place);
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-topic]")) {
    const topic = place.dataset["topic"];
    if (topic && !watched.has(place)) watched.set(place, followed(topic, lookerOf(place)));
  }
}

function lookerOf(place: HTMLElement): () => void {
  if (place.hasAttribute("hx-get")) {
    const refresher = new Refresher(async () => void place.dispatchEvent(new Event("look-again")));
    return () => refresher.soon();
  }
  const refresher = new Refresher(() => morph(location.href, `#${place.id}`));
  // Rows never move under the pointer or the focus.
  return () => {
    if (!place.matches(":hover, :focus-within")) refresher.soon();
    else for (const leave of ["pointerleave", "focusout"]) place.addEventListener(leave, () => refresher.soon(), { once: true });
  };
}

customElements.define("app-socket", Socket);
if (!document.querySelector("app-socket:not([topic])")) document.getElementById("main")?.before(el("app-socket" as "div"));
document.addEventListener("htmx:after:swap", scan);
scan();
