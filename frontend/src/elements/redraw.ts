/** A morph puts the server's text back into elements that had written their own: let them write again. */

export interface Drawn extends HTMLElement {
  draw(): unknown;
}

document.addEventListener("htmx:after:swap", () => {
  for (const drawn of document.querySelectorAll<Drawn>("app-time, app-account")) drawn.draw?.();
  // A sentence about a step stays while that step is on the page, and goes with it.
  for (const status of document.querySelectorAll<HTMLElement>("app-move [data-status]:not(:empty)")) {
    if (status.dataset["of"] !== status.closest("app-move")?.getAttribute("move")) status.replaceChildren();
  }
});
