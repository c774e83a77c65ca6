/**
 * Keys for people who like them: g then m t o w i for the main pages, / for the amount, and in an <app-rows> list j, k
 * and Enter. Silent while somebody types or holds a modifier; `localStorage.shortcuts = "off"` turns them off.
 */

const PLACES: Record<string, string> = { m: "/market/", t: "/trades/", o: "/offers/", w: "/wallet/", i: "/inbox/" };
const CHORD_MILLISECONDS = 1_200;

let chord = 0;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const isQuiet = (event: KeyboardEvent): boolean =>
  event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || localStorage.getItem("shortcuts") === "off";

addEventListener("keydown", (event) => {
  if (isQuiet(event)) return;
  const isChord = Date.now() - chord < CHORD_MILLISECONDS;
  chord = event.key === "g" ? Date.now() : 0;
  const place = PLACES[event.key];
  if (isChord && place) location.assign(place);
  const field = event.key === "/" ? document.querySelector<HTMLElement>("[data-shortcut='/'], .filters input") : null;
  if (field) {
    event.preventDefault();
    field.focus();
  }
});

class Rows extends HTMLElement {
  connectedCallback(): void {
    addEventListener("keydown", this.#move);
  }

  disconnectedCallback(): void {
    removeEventListener("keydown", this.#move);
  }

  readonly #move = (event: KeyboardEvent): void => {
    if (isQuiet(event) || (event.key !== "j" && event.key !== "k")) return;
    const rows = [...this.querySelectorAll<HTMLElement>("[data-row]")];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[event.key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0)];
    (next?.matches("a, button") ? next : next?.querySelector<HTMLElement>("a, button"))?.focus();
  };
}

customElements.define("app-rows", Rows);
