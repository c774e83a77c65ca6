/** Small ways to make elements; text always enters as text. */

type Attributes = Record<string, string | number | boolean | undefined>;

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** An icon of the sprite, found through one that the server drew. */
export function icon(name: string, size: "" | "s" | "l" = ""): Element {
  const sprite = document.querySelector(".i use")?.getAttribute("href")?.split("#")[0] ?? "";
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", size ? `i i-${size}` : "i");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  drawn.append(use);
  return drawn;
}

/** One line of a ledger. */
export const line = (name: string, value: Node | string, sum = false): HTMLElement =>
  el("div", sum ? { class: "sum" } : {}, el("dt", {}, name), el("dd", {}, value));

/** 0x3f08…9A1c */
export const short = (value: string): string => `${value.slice(0, 6)}…${value.slice(-4)}`;

/** A whole address in groups of four, as a view that asks for consent must show it. */
export const grouped = (value: string): string => `0x${value.slice(2).match(/.{1,4}/g)?.join(" ") ?? ""}`;

/** The same, set in the face for what is compared letter by letter. */
export const address = (value: string): HTMLElement => el("span", { class: "mono groups t125" }, grouped(value));
