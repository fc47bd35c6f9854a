import { join, relative } from "node:path";
import type { OpenShard } from "../../core/advice.ts";
import type { StatusShard, StatusSummary } from "../../core/describe_status.ts";
import { FarmError } from "../../core/errors.ts";
import { printable } from "../../core/failure.ts";
import { MERGED } from "../../core/run_paths.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { readTail } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import { summedCheckOf } from "../merge/check_merged.ts";
import type { Run } from "../run/load_manifest.ts";
import { type OldShard, oldShards } from "../shard/old_run.ts";
import { collectOldShard } from "./collect_shard.ts";
import type { ShardLogs } from "./logs.ts";

/**
 * Returns the state of a run of the old scripts by its files; nothing is queried or written.
 * @throws {FarmError} input, when a path of the manifest leaves the run directory
 */
export function oldStatus(run: Run): { summary: StatusSummary; shards: StatusShard[]; open: OpenShard[] } {
  const found = oldShards(run).map((old) => stateOf(run, old));
  const done = new Set(found.flatMap(({ shard, state }) => state === "done" ? shard : []));
  const counts: Partial<Record<ShardState, number>> = {};
  for (const { state } of found) counts[state] = (counts[state] ?? 0) + 1;
  const { run_id, scheduler = "unknown", n_toys, plans } = run.manifest;
  const merged = join(run.dir, MERGED);
  const summary = {
    run_id,
    run_dir: run.dir,
    scheduler,
    counts,
    total: found.length,
    toys_done: plans.reduce((sum, plan) => sum + (done.has(plan.shard_index) ? plan.n_toys : 0), 0),
    toys_total: n_toys,
    toys_per_s: null,
    left_s: null,
    merged: exists(merged) ? merged : null,
    merged_check: summedCheckOf(run),
    glibc: {},
    workers: [],
    recovered: [],
    steering: [],
    advice: adviceFor(run, done.size === found.length),
  };
  const shards = found.map(({ shard, state, why, host }) => ({ shard, state, why, host }));
  return { summary, shards, open: found.filter(({ state }) => state !== "done") };
}

function adviceFor({ dir }: Run, isDone: boolean): string[] {
  const of = "other scripts rendered this run: nsfarm-deno can neither run it nor see whether its jobs run";
  return isDone ? [] : [of, `to see a shard's output: nsfarm-deno logs ${quoteWord(dir)} SHARD`];
}

function stateOf(run: Run, old: OldShard): OpenShard {
  const { ok, result } = collectOldShard(run.manifest, old);
  const state = ok ? "done" : result.status === "failed" ? "failed" : "unknown";
  const printed = [old.stderr, old.stdout].find((path) => readTail(path) !== "");
  return {
    shard: old.plan.shard_index,
    state,
    why: ok ? "" : result.error ?? "neither an output nor an exit code exists",
    host: old.host,
    cause: null,
    said: ok ? null : oldError(old),
    log: printed ?? null,
  };
}

/** Returns the first line that a shard of an old run wrote to stderr; null: none. */
export function oldError({ stderr }: OldShard): string | null {
  const line = readTail(stderr).split("\n").find((one) => one.trim() !== "");
  return line === undefined ? null : printable(line.trim());
}

/** Logs of a shard of an old run, from the paths in its manifest. */
export interface OldLogs extends ShardLogs {
  old: Pick<OldShard, "rc" | "host" | "elapsed_s">;
}

/** Returns the logs of a shard of an old run. @throws {FarmError} input; usage, when the shard was split */
export function oldLogs(run: Run, { shard_index }: Plan): OldLogs {
  const old = oldShards(run).find(({ plan }) => plan.shard_index === shard_index);
  if (!old) throw new FarmError("usage", `Cannot show shard ${shard_index}: it was cut into others`);
  const { rc, host, elapsed_s } = old;
  const logs = [old.stdout, old.stderr].map((path) => ({
    name: relative(run.dir, path),
    text: exists(path) ? readTail(path) : null,
  }));
  return { shard: shard_index, attempts: [], record: null, logs, old: { rc, host, elapsed_s } };
}
