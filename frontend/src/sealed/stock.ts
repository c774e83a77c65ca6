/** The stock of room keys that a device leaves with the hub, so that it is ready in rooms that open while it is away. */

import { device } from "../device/keys.ts";
import { getJson, postJson } from "../page.ts";
import { toBase64 } from "./bytes.ts";
import { newKey } from "./keyring.ts";
import { LAST, STOCK } from "./layout.ts";

interface Left {
  left: number;
  hasLast: boolean;
}

const ADDRESS = "/chat/stock/";
const FULL = 10;
const LOW = 5;
const NO_ROOM = new Uint8Array(32);

/** Fill the stock of the signed-in device up, if it runs low. @throws Problem */
export async function fillStock(address: string): Promise<void> {
  // Two tabs would both find it low.
  await navigator.locks.request("parley.stock", async () => {
    const { left, hasLast } = await getJson<Left>(ADDRESS);
    const kinds = [...Array<number>(left < LOW ? FULL - left : 0).fill(STOCK), ...(hasLast ? [] : [LAST])];
    if (!kinds.length) return;
    const keys = await device();
    const made = await Promise.all(kinds.map((kind) => newKey(keys, kind, address, NO_ROOM)));
    await postJson(ADDRESS, { statements: made.map(({ statement }) => toBase64(statement.bytes)) });
  });
}
