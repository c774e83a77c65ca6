/**
 * What a page may know about the chain, taken from the committed files of escrow/chain. It is imported as
 * "parley:chain" by the scripts, in the bundle and in their tests alike.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const CALLS = [
  "fund", "fundWithPermit", "markPaid", "grantTime", "reclaim", "release", "cancel", "settle", "dispute", "rule",
  "timeout", "withdraw", "stateOf", "creditOf",
  // What anybody may bring: the same moves with their signatures.
  "markPaidBySig", "grantTimeBySig", "reclaimBySig", "releaseBySig", "cancelBySig", "disputeBySig", "ruleBySig", "withdrawBySig",
];

const TOKEN_CALLS = [
  ["allowance", "view", [["owner", "address"], ["spender", "address"]], ["uint256"]],
  ["approve", "nonpayable", [["spender", "address"], ["value", "uint256"]], ["bool"]],
  ["balanceOf", "view", [["account", "address"]], ["uint256"]],
  ["nonces", "view", [["owner", "address"]], ["uint256"]],
];

const json = async (path) => JSON.parse(await readFile(path, "utf8"));

const parameter = ({ name, type, components }) => ({ name, type, ...(components && { components: components.map(parameter) }) });

const entry = ({ type, name, inputs, outputs, stateMutability }) => ({
  type,
  name,
  inputs: inputs.map(parameter),
  ...(type === "function" && { outputs: outputs.map(parameter), stateMutability }),
});

/** The pinned facts as plain values. */
export async function facts(root) {
  const folder = join(root, "escrow/chain");
  const [{ abi }, typed, sentences, deployments] = await Promise.all(
    ["abi/Escrow.json", "typed_data.json", "errors.json", "deployments.json"].map((name) => json(join(folder, name))),
  );
  return {
    abi: abi.filter(({ type, name }) => type === "error" || (type === "function" && CALLS.includes(name))).map(entry),
    tokenAbi: TOKEN_CALLS.map(([name, stateMutability, inputs, outputs]) => ({
      type: "function",
      name,
      stateMutability,
      inputs: inputs.map(([title, type]) => ({ name: title, type })),
      outputs: outputs.map((type) => ({ name: "", type })),
    })),
    types: typed.types,
    domain: typed.domain,
    sentences: sentences.errors,
    statuses: sentences.statuses,
    deployments: Object.fromEntries(
      Object.entries(deployments).map(([id, { name, contract, assets }]) => [
        id,
        {
          name,
          contract,
          assets: assets.map(({ token, symbol, name: title, decimals, permitVersion }) => ({
            token, symbol, name: title, decimals, permitVersion,
          })),
        },
      ]),
    ),
  };
}

/** The esbuild plugin that answers `import … from "parley:chain"`. */
export async function plugin(root) {
  const values = await facts(root);
  const source = Object.entries(values)
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
    .join("\n");
  return {
    name: "parley-chain",
    setup(build) {
      build.onResolve({ filter: /^parley:chain$/ }, () => ({ path: "facts", namespace: "parley-chain" }));
      build.onLoad({ filter: /.*/, namespace: "parley-chain" }, () => ({ contents: source, loader: "js" }));
    },
  };
}
