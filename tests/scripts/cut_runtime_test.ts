import assert from "node:assert/strict";
import { cutRuntime } from "../../scripts/building/runtime.ts";

function program(runtime: number, payload: number, printed: bigint): Uint8Array {
  const bytes = new Uint8Array(runtime + payload).fill(7, 0, runtime);
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, printed, true);
  return bytes;
}

Deno.test("cutRuntime() removes exactly the compiled files", () => {
  assert.deepEqual(cutRuntime(program(100, 50, 50n)), new Uint8Array(100).fill(7));
});

Deno.test("cutRuntime() refuses a program whose last bytes are not the length of a part of it", () => {
  for (const printed of [0n, 8n, 150n, 151n, 2n ** 63n]) {
    assert.throws(() => cutRuntime(program(100, 50, printed)), /its last 8 bytes say \d+/);
  }
  assert.throws(() => cutRuntime(new Uint8Array(3)), /Cannot cut/);
});
