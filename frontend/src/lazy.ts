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
