/** A morph puts the server's text back into elements that had written their own: let them write again. */

export interface Drawn extends HTMLElement {
  draw(): unknown;
}

document.addEventListener("htmx:after:swap", () => {
  for (const drawn of document.querySelectorAll<Drawn>("app-time, app-account")) drawn.draw?.();
});
