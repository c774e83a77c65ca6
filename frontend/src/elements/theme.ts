/** <app-theme>: as the system, light or dark; kept in a cookie so that the server draws the page right at once. */

const YEAR_SECONDS = 31_536_000;

class Theme extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#choose);
    this.#show();
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.#choose);
  }

  readonly #choose = (event: Event): void => {
    const button = (event.target as Element).closest("button");
    if (!button) return;
    const { dataset } = document.documentElement;
    if (button.value) dataset["theme"] = button.value;
    else delete dataset["theme"];
    const age = button.value ? YEAR_SECONDS : 0;
    document.cookie = `theme=${button.value}; path=/; max-age=${age}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    this.#show();
  };

  #show(): void {
    const theme = document.documentElement.dataset["theme"] ?? "";
    for (const button of this.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

customElements.define("app-theme", Theme);
