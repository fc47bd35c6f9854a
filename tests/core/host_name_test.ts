import assert from "node:assert/strict";
import { attemptHost, recordHost } from "../../core/host_name.ts";
import { planOf, sampleAttempt, sampleManifest, sampleRecord } from "./support/sample_run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 0);

Deno.test("a node has its scheduler's name while a shard runs and when it has ended, whatever the node calls itself", () => {
  const wrapper = { host: "vm", boot_id: "b", pid: 1, start_ticks: "1" };
  const running = sampleAttempt(manifest, plan, { wrapper, host: "n1" });
  const ended = { ...running, end: sampleRecord(manifest, plan, { host: "n1", cause: "exit" }) };
  assert.deepEqual([attemptHost(running), attemptHost(ended), recordHost(ended.end)], ["n1", "n1", "n1"]);
  assert.equal(
    attemptHost(sampleAttempt(manifest, plan, { wrapper })),
    "vm",
    "of a version that did not note the node",
  );
});

Deno.test("a host behind ssh has its name of the hosts file from the start of a shard to its record", () => {
  const name = "root@127.0.0.1:2201";
  const running = sampleAttempt(manifest, plan, { scheduler: "ssh", remote: { host: name, clock_offset_s: null } });
  const record = sampleRecord(manifest, plan, { scheduler: "ssh", slot: `${name}:3`, host: "vm" });
  assert.deepEqual([attemptHost(running), attemptHost({ ...running, end: record }), recordHost(record)], [
    ...[name, name, name],
  ]);
});
