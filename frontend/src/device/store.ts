/**
 * What this browser keeps of sealed conversations: its device, its room keys, what it accepted and saw, the keys of
 * messages it has opened, and envelopes that wait to be stored. One database, which never leaves the browser.
 */

import { Problem } from "../page.ts";

/**
 * device: this browser's own keys. keys: room keys by the statement's name. rooms: what was accepted and seen, by viewer
 * and room. messages: message keys by the message's name. outbox: sealed envelopes by viewer, room and client id.
 */
export type Shelf = "device" | "keys" | "rooms" | "messages" | "outbox";

const NAME = "parley";
// 1: the device alone.
const VERSION = 2;
const SHELVES: Shelf[] = ["device", "keys", "rooms", "messages", "outbox"];

let opened: Promise<IDBDatabase> | undefined;

/** The result of one request on a shelf, once it is committed. @throws Problem where nothing can be stored. */
export async function within<T>(shelf: Shelf, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await (opened ??= open());
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(shelf, mode);
    const request = ask(transaction.objectStore(shelf));
    transaction.oncomplete = () => resolve(request.result as T);
    transaction.onabort = () => reject(transaction.error ?? request.error ?? new DOMException("The store refused."));
  });
}

export const read = <T>(shelf: Shelf, key: string): Promise<T | undefined> => within(shelf, "readonly", (store) => store.get(key));

export const write = (shelf: Shelf, key: string, value: unknown): Promise<void> => within(shelf, "readwrite", (store) => store.put(value, key));

export const drop = (shelf: Shelf, key: string): Promise<void> => within(shelf, "readwrite", (store) => store.delete(key));

/**
 * Change a value in one transaction, so that two tabs cannot both find it unchanged. Answers what is stored then.
 * `change` must not wait; null leaves the value as it is.
 */
export async function change<T>(shelf: Shelf, key: string, alter: (found: T | undefined) => T | null): Promise<T | undefined> {
  const database = await (opened ??= open());
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(shelf, "readwrite");
    const store = transaction.objectStore(shelf);
    const reading = store.get(key) as IDBRequest<T | undefined>;
    let stored: T | undefined;
    reading.onsuccess = () => {
      const altered = alter(reading.result);
      stored = altered ?? reading.result;
      if (altered !== null) store.put(altered, key);
    };
    transaction.oncomplete = () => resolve(stored);
    transaction.onabort = () => reject(transaction.error ?? new DOMException("The store refused."));
  });
}

async function open(): Promise<IDBDatabase> {
  try {
    return await opening();
  } catch {
    opened = undefined;
    throw new Problem("This browser keeps nothing (a private window?). Signing in needs to store this device's keys here.", "no_store");
  }
}

function opening(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const shelf of SHELVES) if (!asked.result.objectStoreNames.contains(shelf)) asked.result.createObjectStore(shelf);
    };
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      const database = asked.result;
      // A newer page in another tab needs the database; this one opens it again when it asks next.
      database.onversionchange = database.onclose = () => {
        database.close();
        opened = undefined;
      };
      resolve(database);
    };
  });
}
