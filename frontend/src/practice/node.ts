/** The practice network's node, through our own server. */

import { postJson } from "../page.ts";

interface Answer<T> {
  result?: T;
  error?: { code: number; message: string; data?: unknown };
}

/** @throws the node's own error object */
export async function ask<T>(method: string, params: readonly unknown[] = []): Promise<T> {
  const { result, error } = await postJson<Answer<T>>("/practice/rpc/", { jsonrpc: "2.0", id: 1, method, params });
  if (error) throw error;
  return result as T;
}
