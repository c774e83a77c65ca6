/** <app-time format><time datetime>: a moment in the reader's own zone; the exact one with its zone on hover. */

import { momentText } from "../clock.ts";

class Time extends HTMLElement {
  connectedCallback(): void {
    this.draw();
  }

  draw(): void {
    const time = this.querySelector("time");
    const seconds = Date.parse(time?.dateTime ?? "") / 1000;
    if (!time || Number.isNaN(seconds)) return;
    time.textContent = momentText(seconds, this.getAttribute("format") ?? "short");
    time.title = momentText(seconds, "full");
  }
}

customElements.define("app-time", Time);
