/**
 * The service worker: shows what the hub pushed, in words of its own, and opens the trade on a click. It keeps no page
 * and answers no request. The pushed text is sealed for this browser and says only which kind of notice it is.
 */

import table from "../../notices.json";

interface Payload {
  id: string;
  kind: string;
  path: string;
  proof: string;
}

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Pushed extends Extendable {
  data: { json(): unknown } | null;
}

interface Clicked extends Extendable {
  notification: Notification;
}

interface Tab {
  url: string;
  focus(): Promise<unknown>;
}

interface Worker {
  addEventListener(name: "push", listen: (event: Pushed) => void): void;
  addEventListener(name: "notificationclick", listen: (event: Clicked) => void): void;
  addEventListener(name: "install" | "activate", listen: (event: Extendable) => void): void;
  registration: { showNotification(title: string, options: NotificationOptions): Promise<void> };
  clients: {
    claim(): Promise<void>;
    matchAll(options: object): Promise<Tab[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
}

const worker = self as unknown as Worker;
const WORDS = table as Record<string, { title: string; text: string }>;
const UNKNOWN = { title: "Parley", text: "Something new waits for you." };

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What was pushed, as far as it is what we send; a path leads nowhere but into this site. */
function payloadOf(event: Pushed): Payload {
  let source: Record<string, unknown> = {};
  try {
    source = (event.data?.json() ?? {}) as Record<string, unknown>;
  } catch {
    // Not ours; the browser still wants to see a notice.
  }
  const path = textOf(source["path"]);
  const inside = path.startsWith("/") && new URL(path, location.origin).origin === location.origin;
  return { id: textOf(source["id"]), kind: textOf(source["kind"]), path: inside ? path : "/inbox/", proof: textOf(source["proof"]) };
}

async function show(payload: Payload): Promise<void> {
  const words = Object.hasOwn(WORDS, payload.kind) ? (WORDS[payload.kind] ?? UNKNOWN) : UNKNOWN;
  const ref = /^\/trade\/([0-9A-Z]{4}-[0-9A-Z]{2})\//.exec(payload.path)?.[1];
  await worker.registration.showNotification(words.title, {
    body: ref ? `${words.text} Trade ${ref}.` : words.text,
    // The same notice sent twice shows once.
    tag: payload.id,
    data: payload,
  });
}

async function open(payload: Payload): Promise<void> {
  if (payload.proof) await fetch(`/notices/arrived/${encodeURIComponent(payload.proof)}/`, { method: "POST" }).catch(() => undefined);
  const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = tabs.find((tab) => new URL(tab.url).pathname === payload.path);
  await (there ? there.focus() : worker.clients.openWindow(payload.path));
}

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("push", (event) => event.waitUntil(show(payloadOf(event))));
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data as Payload));
});
