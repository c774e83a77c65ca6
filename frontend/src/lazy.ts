/** Elements that bring their own code: fetched when the first one stands on the page. */

type Load = () => Promise<unknown>;

const waiting = new Map<string, Load>();
let watching = false;

/** Load `tag`'s module once an element of that name is in the document. */
export function lazily(tag: string, load: Load): void {
  waiting.set(tag, load);
  if (watching) return;
  watching = true;
  queueMicrotask(look);
  document.addEventListener("submit", hold, true);
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
}

function look(): void {
  if (!waiting.size) return;
  const found = document.querySelectorAll([...waiting.keys()].join(","));
  for (const { localName } of found) {
    const load = waiting.get(localName);
    waiting.delete(localName);
    void load?.();
  }
}

/** A form pressed before its element's code is here waits for it; else it would reload the page with its fields in the address. */
function hold(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  const host = form.closest(":not(:defined)");
  if (!host) return;
  event.preventDefault();
  event.stopPropagation();
  const { submitter } = event;
  void customElements.whenDefined(host.localName).then(() => form.requestSubmit(submitter));
}
