/** Reads a list of typed documents, answers their EIP-712 digests as viem sees them. */
import { readFileSync } from "node:fs";

import { hashTypedData } from "viem";

const documents = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(documents.map((document) => hashTypedData(document))));
