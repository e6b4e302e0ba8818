import assert from "node:assert";
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(new URL("../build/debug.wasm", import.meta.url)));
const { exports } = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: { fd_write: () => 0 } });
assert.equal(exports.sum(4), 10);
console.log("ok");
