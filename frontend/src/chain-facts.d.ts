/** What build.mjs takes from escrow/chain; see chain.mjs. */
declare module "parley:chain" {
  interface Parameter {
    name: string;
    type: string;
    components?: Parameter[];
  }
  interface AbiEntry {
    type: "function" | "error";
    name: string;
    inputs: Parameter[];
    outputs?: Parameter[];
    stateMutability?: string;
  }
  export const abi: AbiEntry[];
  export const tokenAbi: AbiEntry[];
  export const types: Record<string, { name: string; type: string }[]>;
  export const domain: { name: string; version: string };
  export const sentences: Record<string, string>;
  export const statuses: Record<string, string>;
  export const deployments: Record<
    string,
    {
      name: string;
      contract: `0x${string}`;
      assets: { token: `0x${string}`; symbol: string; name: string; decimals: number; permitVersion: string }[];
    }
  >;
}

declare module "htmx.org/dist/htmx.esm.js";
declare module "htmx.org/dist/ext/hx-csp.js";
