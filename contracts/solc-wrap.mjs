#!/usr/bin/env node
// Gives forge the compiler of the npm package `solc`, which needs no download. Forge asks for the version and for standard JSON.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const solc = createRequire(import.meta.url)('solc');
const argv = process.argv.slice(2);

let base = process.cwd();
const include = [];
for (let i = 0; i < argv.length; i++) {
  if (argv[i] === '--base-path') base = path.resolve(argv[++i]);
  else if (argv[i] === '--include-path') include.push(path.resolve(argv[++i]));
  else if (argv[i] === '--allow-paths') i++;
}

function findImport(name) {
  for (const folder of [base, ...include, '/']) {
    const file = path.resolve(folder, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, 'utf8') };
  }
  return { error: `File not found: ${name}` };
}

if (argv.includes('--version')) {
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++');
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(fs.readFileSync(0, 'utf8'), { import: findImport }));
} else {
  console.error(`unsupported: ${argv.join(' ')}`);
  process.exitCode = 1;
}
