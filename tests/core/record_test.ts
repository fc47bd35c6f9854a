import assert from "node:assert/strict";
import * as z from "zod/mini";
import { attemptHost, newAttempt, newRecord, recordHost } from "../../core/record.ts";
import { Attempt } from "../../core/schema/attempt.ts";
import { ShardRecord } from "../../core/schema/shard_record.ts";
import { planOf, sampleAttempt, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 0);

Deno.test("a node has its scheduler's name during and after a shard, not its own host name", () => {
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

const wrapper = { host: "vm", boot_id: "b", pid: 1, start_ticks: "1" };
const attempt = { attempt_token: "aa", wrapper, scheduler: "local", started_at_utc: "2026-11-24T18:30:15.010Z" };

/** Members that a document of any version must have. */
const needed = (schema: { shape: Record<string, unknown> }) =>
  Object.keys(schema.shape).filter((name) => !(schema.shape[name] instanceof z.ZodMiniOptional));

Deno.test("an attempt and a record with few known facts are complete documents, with null for the rest", () => {
  const begun = newAttempt(manifest, plan, 2, attempt);
  const known = { scheduler: "local", wrapper: "sh", host: "vm", started_at_utc: attempt.started_at_utc } as const;
  const record = newRecord(manifest, plan, 2, { ...known, cause: "exit" });
  assert.deepEqual([Attempt.parse(begun), ShardRecord.parse(record)], [begun, record]);
  assert.deepEqual(Object.keys(begun).sort(), needed(Attempt).sort());
  assert.deepEqual(Object.keys(record).sort(), needed(ShardRecord).sort());
  assert.deepEqual([record.finished_at_utc, record.wall_s, record.exit_code], [attempt.started_at_utc, null, null]);
});

Deno.test("the known facts of an attempt are in its document before its end", () => {
  const end = newRecord(manifest, plan, 2, { ...attempt, wrapper: "binary", host: "vm", cause: "ok", wall_s: 1.5 });
  const ended = newAttempt(manifest, plan, 2, { ...attempt, host: "n1", slot: "n1:0", end });
  assert.deepEqual([ended.host, ended.slot, ended.end?.wall_s], ["n1", "n1:0", 1.5]);
  assert.equal(Object.keys(ended).at(-1), "end");
});
