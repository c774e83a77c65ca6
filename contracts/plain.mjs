#!/usr/bin/env node
// Compiles the Escrow as plainly as the compiler can: no optimizer, not through the IR. One process, many builds: each line that comes
// in, {"patched": {"src/Escrow.sol": "text"}, "to": "file"}, is compiled with those texts in place of our files; the line that goes out
// is {"ok": true} once the artifact is written, in forge's form, or {"ok": false, "why": "the first error"}. With {"asDeployed": true}
// the build is the one that foundry.toml describes.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const solc = createRequire(import.meta.url)('solc');
const CONTRACTS = path.dirname(fileURLToPath(import.meta.url));
const MODULES = path.resolve(CONTRACTS, '../node_modules');

const PLAIN = { viaIR: false, optimizer: { enabled: false } };
const AS_DEPLOYED = { viaIR: true, optimizer: { enabled: true, runs: 200 } };
const COMMON = {
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  remappings: ['@openzeppelin/', 'solady/'].map((name) => `${name}=${MODULES}/${name}`),
  outputSelection: { 'src/Escrow.sol': { Escrow: ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};

function compile(patched, settings) {
  const read = (name) => patched[name] ?? fs.readFileSync(path.resolve(CONTRACTS, name), 'utf8');
  const findImport = (name) => {
    try {
      return { contents: read(name) };
    } catch {
      return { error: `File not found: ${name}` };
    }
  };
  const sources = { 'src/Escrow.sol': { content: read('src/Escrow.sol') } };
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  return JSON.parse(solc.compile(input, { import: findImport }));
}

function build({ patched = {}, asDeployed = false, to }) {
  const { errors = [], contracts } = compile(patched, { ...COMMON, ...(asDeployed ? AS_DEPLOYED : PLAIN) });
  const error = errors.find(({ severity }) => severity === 'error');
  if (error) return { ok: false, why: error.formattedMessage };
  const { abi, evm } = contracts['src/Escrow.sol'].Escrow;
  const [bytecode, deployedBytecode] = [evm.bytecode, evm.deployedBytecode].map(({ object }) => ({ object: `0x${object}` }));
  fs.writeFileSync(to, JSON.stringify({ abi, bytecode, deployedBytecode }));
  return { ok: true };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(build(JSON.parse(line)))}\n`);
}
