import assert from "node:assert/strict";
import { pauseFor } from "../../../runtime/system/process.ts";

Deno.test("A wait ends at a stop, and does not start after it", async () => {
  const stop = new AbortController();
  const waiting = pauseFor(3_600_000, stop.signal);
  stop.abort();
  await waiting;
  await pauseFor(3_600_000, stop.signal);
});

Deno.test("A wait without a stop ends by itself", async () => {
  const ended: string[] = [];
  await Promise.all([pauseFor(20).then(() => ended.push("later")), pauseFor(1).then(() => ended.push("first"))]);
  assert.deepEqual(ended, ["first", "later"]);
});
