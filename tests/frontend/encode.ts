/** Revert data for tests: what a node answers when the contract throws. */

import type { Abi, Hex } from "viem";
import { encodeErrorResult } from "viem/utils";

export const encode = (abi: Abi, errorName: string, args: readonly unknown[]): Hex => encodeErrorResult({ abi, errorName, args });
