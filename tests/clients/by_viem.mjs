/** Reads a plan, follows it with viem, and answers the ids, digests, signatures and events. None of our own code. */
import { readFileSync } from "node:fs";

import { createClient, decodeEventLog, hashTypedData, http, isAddressEqual, publicActions, walletActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const plan = JSON.parse(readFileSync(0, "utf8"));
const { abi, contract: address } = plan;
const client = createClient({ transport: http(plan.url), pollingInterval: 50 }).extend(publicActions).extend(walletActions);
const accounts = Object.fromEntries(Object.entries(plan.keys).map(([name, key]) => [name, privateKeyToAccount(key)]));

const [, name, version, chainId, verifyingContract] = await client.readContract({ address, abi, functionName: "eip712Domain" });
const domain = { name, version, chainId, verifyingContract };
const report = { domain, ids: [], digests: [], signatures: [], events: [] };

for (const trade of plan.trades) {
  report.ids.push(await client.readContract({ address, abi, functionName: "idOf", args: [trade] }));
}
for (const step of plan.steps) {
  const signature = step.signed && (await sign(...step.signed));
  report.events.push(await send(step, signature));
}
process.stdout.write(JSON.stringify(report, plain));

async function sign(by, primaryType, message) {
  const types = { [primaryType]: plan.types[primaryType], Trade: plan.types.Trade };
  const signature = await accounts[by].signTypedData({ domain, types, primaryType, message });
  report.digests.push(hashTypedData({ domain, types, primaryType, message }));
  report.signatures.push(signature);
  return signature;
}

async function send(step, signature) {
  await client.request({ method: "evm_setNextBlockTimestamp", params: [step.time] });
  const hash = await client.writeContract({
    address,
    abi,
    account: accounts[step.sender],
    chain: null,
    functionName: step.function,
    args: step.arguments.map((argument) => (argument === "signature" ? signature : argument)),
    value: BigInt(step.value),
    gas: BigInt(plan.gas),
  });
  const { logs } = await client.waitForTransactionReceipt({ hash });
  return logs.filter((log) => isAddressEqual(log.address, address)).map(({ topics, data }) => {
    const { eventName, args } = decodeEventLog({ abi, topics, data });
    return { name: eventName, args, topics, data };
  });
}

/** Numbers as decimal text, as everywhere in a plan. */
function plain(_, value) {
  return typeof value === "bigint" || typeof value === "number" ? String(value) : value;
}
