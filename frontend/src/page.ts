/** What the page says of itself, and talking JSON with our server. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A refusal with a sentence for the person. `field` names the input it is about, if one. */
export class Problem extends Error {
  readonly code: string;
  readonly field: string | null;
  readonly status: number;

  constructor(text: string, code = "problem", field: string | null = null, status = 0) {
    super(text);
    this.code = code;
    this.field = field;
    this.status = status;
  }
}

const OFFLINE = "The connection failed. Nothing was lost. Try again in a moment.";
const BROKEN = "Something went wrong on our side. Nothing was lost. Try again in a moment.";

const meta = (name: string): HTMLMetaElement | null => document.querySelector(`meta[name="${name}"]`);

export const csrf = (): string => meta("csrf")?.content ?? "";

/** The address that is signed in, or "". */
export const viewer = (): string => meta("viewer")?.content ?? "";

export const chainId = (): number => Number(meta("chain")?.content ?? 0);

/** Where a wallet may reach the network itself, if this hub names a node. */
export const rpcUrl = (): string => meta("chain")?.dataset["rpc"] ?? "";

/**
 * The answer to a JSON post. With `keepalive` it arrives even if the page is closed meanwhile.
 *
 * @throws Problem with the server's sentence, or one about the connection.
 */
export const postJson = <T>(url: string, body: Json | object, { keepalive = false } = {}): Promise<T> =>
  ask(url, {
    method: "POST",
    keepalive,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
  });

/** @throws Problem, as postJson. */
export const getJson = <T>(url: string): Promise<T> => ask(url, {});

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      ...init,
      headers: { Accept: "application/json", ...init.headers },
    });
  } catch {
    throw new Problem(OFFLINE, "offline");
  }
  const answer = (await response.json().catch(() => null)) as {
    error?: { code?: string; text?: string; field?: string | null };
  } | null;
  if (response.ok && answer) return answer as T;
  const { code, text, field } = answer?.error ?? {};
  throw new Problem(text ?? BROKEN, code ?? "server", field ?? null, response.status);
}

/** JSON that the server put into the page, or null. */
export function embedded<T>(id: string): T | null {
  const source = document.getElementById(id)?.textContent;
  return source ? (JSON.parse(source) as T) : null;
}

/** Go to a path of this site; anything else leads to the front page. */
export function go(path: string): void {
  const target = new URL(path, location.href);
  location.assign(target.origin === location.origin ? target.href : "/");
}

interface Htmx {
  ajax(method: string, url: string, options: { target: string | Element; swap: string }): Promise<void>;
}

/** Fetch the trade's main card again and morph it in place. */
export async function refreshRegion(url: string): Promise<void> {
  const region = document.getElementById("trade-region");
  const htmx = (window as { htmx?: Htmx }).htmx;
  if (region && htmx) await htmx.ajax("GET", url, { target: region, swap: "innerMorph" });
}
