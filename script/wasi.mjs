// SPDX-License-Identifier: MIT
// Runs a WebAssembly program that uses WASI: node script/wasi.mjs PROGRAM ARGUMENTS...
// It sees the current folder, by relative paths, and the environment. Node 16 and later; 18 and
// earlier want --experimental-wasi-unstable-preview1, so that this starts itself again with it.
import { readFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';

const flag = '--experimental-wasi-unstable-preview1';
if (Number(process.versions.node.split('.')[0]) < 20 && !process.execArgv.includes(flag)) {
    const all = [flag, '--no-warnings', ...process.argv.slice(1)];
    process.exit(spawnSync(process.execPath, all, { stdio: 'inherit' }).status ?? 1);
}

const { WASI } = await import('node:wasi');
const [program, ...args] = process.argv.slice(2);
const wasi = new WASI({
    version: 'preview1',
    args: [program, ...args],
    env: process.env,
    preopens: { '.': process.cwd() }, // a second one, '/', would take relative paths too
    returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
process.exitCode = wasi.start(instance);
