import assert from "node:assert/strict";
import { SecondThread, serveThread } from "../../../runtime/system/second_thread.ts";
import { until } from "../../support/scratch.ts";

serveThread<number, number>("doubler", (n, give) => give(2 * n));

const thread = () => new SecondThread<number, number>(new Worker(import.meta.url, { type: "module", name: "doubler" }));

Deno.test("a second thread answers with parts, and ends when it is closed", async () => {
  const doubler = thread();
  const found: number[] = [];
  await doubler.request(21, (part) => found.push(part));
  assert.deepEqual(found, [42]);
  doubler.close();
});

Deno.test("a thread that is closed while its modules are loaded is terminated only after that", async () => {
  const worker = new Worker(import.meta.url, { type: "module", name: "doubler" });
  const ended: string[] = [];
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    ended.push("terminated");
    terminate();
  };
  new SecondThread<number, number>(worker).close();
  assert.deepEqual(ended, []);
  await until("it is terminated", () => ended.length === 1);
});
