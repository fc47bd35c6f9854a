import assert from "node:assert/strict";
import { cutRuntime } from "../../scripts/building/runtime.ts";

/** A runtime of 100 bytes with 50 bytes of files behind it, whose length it says to be another. */
function program(printed: bigint): Uint8Array {
  const bytes = new Uint8Array(150).fill(7, 0, 100);
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, printed, true);
  return bytes;
}

Deno.test("cutRuntime() removes exactly the compiled files", () => {
  assert.deepEqual(cutRuntime(program(50n)), new Uint8Array(100).fill(7));
});

Deno.test("cutRuntime() refuses a program whose last bytes are not the length of a part of it", () => {
  for (const printed of [0n, 8n, 150n, 151n, 2n ** 63n]) {
    assert.throws(() => cutRuntime(program(printed)), /its last 8 bytes say \d+/);
  }
  assert.throws(() => cutRuntime(new Uint8Array(3)), /Cannot cut/);
});
