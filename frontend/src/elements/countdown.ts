/**
 * <app-countdown due total now label>: a ring that empties on the chain's clock. The text is a timer; it is spoken only at
 * half time, ten minutes, two minutes and the end. At the end it fires "app:over".
 */

import { chainNow, leftText, setClock } from "../clock.ts";
import { el } from "../dom.ts";

const RING = 213.6;
const running = new Set<Countdown>();
let beat = 0;

class Countdown extends HTMLElement {
  static readonly observedAttributes = ["due", "now"];
  #before = Number.POSITIVE_INFINITY;

  connectedCallback(): void {
    this.#learn();
    running.add(this);
    beat ||= window.setInterval(() => running.forEach((one) => one.draw()), 1_000);
    this.draw();
  }

  disconnectedCallback(): void {
    running.delete(this);
    if (running.size) return;
    window.clearInterval(beat);
    beat = 0;
  }

  attributeChangedCallback(): void {
    if (!this.isConnected) return;
    this.#learn();
    this.#before = Number.POSITIVE_INFINITY;
    this.draw();
  }

  draw(): void {
    const total = this.#number("total");
    const left = Math.max(this.#number("due") - chainNow(), 0);
    const [first, second] = leftText(left);
    const [top, bottom] = this.querySelectorAll("text");
    if (top && bottom) {
      top.textContent = first;
      bottom.textContent = second;
    }
    const arc = this.querySelector(".left");
    arc?.setAttribute("stroke-dasharray", `${(RING * Math.min(left / total, 1)).toFixed(1)} ${RING}`);
    arc?.classList.toggle("late", left <= total / 10);
    this.querySelector("svg")?.classList.toggle("is-over", left === 0);
    this.#speak(left, total, `${first} ${second} ${this.getAttribute("label") ?? "left"}`);
    this.#before = left;
  }

  #speak(left: number, total: number, words: string): void {
    const passed = [total / 2, 600, 120, 0].some((mark) => mark < total && this.#before > mark && left <= mark);
    this.querySelector("svg")?.setAttribute("aria-label", words);
    if (!passed || this.#before === Number.POSITIVE_INFINITY) return;
    const line = this.querySelector("[data-spoken]") ?? this.appendChild(el("span", { class: "sr", role: "status", "data-spoken": true }));
    line.textContent = left ? words : "Time is up.";
    if (!left) this.dispatchEvent(new CustomEvent("app:over", { bubbles: true }));
  }

  #learn(): void {
    const now = this.#number("now");
    if (now) setClock(now);
  }

  #number(name: string): number {
    return Number(this.getAttribute(name) ?? 0);
  }
}

customElements.define("app-countdown", Countdown);
