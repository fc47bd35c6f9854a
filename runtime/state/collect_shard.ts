import type { AttemptTime } from "../../core/attempt_time.ts";
import { metricsName, outName, stderrName, stdoutName } from "../../core/run_paths.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import {
  type FarmManifest,
  type Manifest,
  type Plan,
  SHARD_RESULT_SCHEMA,
  type ShardResult,
} from "../../core/schema/manifest.ts";
import { isEnded, reconcile, type ShardView } from "../../core/shard_states.ts";
import { type OldShard, readOldShard } from "../shard/old_run.ts";
import { evidenceFault, readListed } from "../shard/read.ts";
import { type DoneShard, doneShard } from "./done_shards.ts";

/** One row of results[], and when its attempt ran where there is a record. */
export interface CollectedShard {
  result: ShardResult;
  time: AttemptTime | null;
  ok: boolean;
}

type Facts = Pick<ShardResult, "host" | "rc" | "elapsed_s" | "error">;

type Paths = Pick<ShardResult, "local_dir" | "local_output" | "local_metrics" | "local_stdout" | "local_stderr">;

/**
 * Returns a row with the members of the Python scripts, in their order. Without `...`, which takes three times as long.
 * @param status undefined: not written
 */
function row(plan: Plan, facts: Facts, paths: Paths, status: "ok" | "failed" | undefined): ShardResult {
  const { shard_index, n_toys, toy_start, seed, threads, weight } = plan;
  return {
    schema_version: SHARD_RESULT_SCHEMA,
    shard_index,
    host: facts.host,
    target: facts.host,
    status,
    n_toys,
    toy_start,
    seed,
    threads,
    weight,
    rc: facts.rc,
    elapsed_s: facts.elapsed_s,
    local_dir: paths.local_dir,
    local_output: paths.local_output,
    local_metrics: paths.local_metrics,
    local_stdout: paths.local_stdout,
    local_stderr: paths.local_stderr,
    remote_dir: null,
    error: facts.error,
  };
}

/**
 * Returns the row of a shard of a run of ours. Processes are not queried here: an attempt without an end is unknown.
 * @param attempts its attempts on record, in their order
 * @param names the names in the run directory, from a listing
 * @param reported its state by its scheduler too; unknown counts only where the files show no end
 */
export function collectShard(
  dir: string,
  manifest: FarmManifest,
  plan: Plan,
  attempts: readonly Attempt[],
  names: ReadonlySet<string>,
  reported?: ShardView,
): CollectedShard {
  const found = readListed(dir, manifest, plan, names);
  if (found.kind === "done") return collectDone(dir, plan, doneShard(found.metrics.farm));
  const last = attempts.at(-1) ?? null;
  const view = reconcile({
    evidence: found.kind,
    fault: evidenceFault(found),
    last,
    life: !last || last.end !== null ? null : last.copied_from === undefined ? "elsewhere" : "dead",
    native: null,
    is_answered: null,
    absent_s: null,
    grace_s: 0,
  });
  const is_open = view.state === "queued" || view.state === "unknown";
  // The query that reported it done is older than these files, which are not.
  const best = reported && reported.state !== "done" && (is_open || reported.state !== "unknown") ? reported : view;
  return { result: notOk(plan, best, last, pathsIn(dir, plan.shard_index)), time: null, ok: false };
}

export function collectDone(dir: string, plan: Plan, { time, exit_code, wall_s }: DoneShard): CollectedShard {
  const facts = { host: time.host, rc: exit_code ?? 0, elapsed_s: wall_s, error: null };
  return { result: row(plan, facts, pathsIn(dir, plan.shard_index), "ok"), time, ok: true };
}

/**
 * Returns the row of a shard that is not done. The old scripts have the values ok and failed; a shard that has not
 * ended, or whose end is not known, has no status.
 */
function notOk(plan: Plan, view: ShardView, last: Attempt | null, paths: Paths): ShardResult {
  const end = last?.end ?? null;
  const facts = {
    host: view.host ?? plan.host,
    rc: end?.exit_code ?? null,
    elapsed_s: end?.wall_s ?? null,
    error: view.why || null,
  };
  const status = isEnded(view.state) && view.state !== "lost" ? "failed" : undefined;
  return { ...row(plan, facts, paths, status), farm: { state: view.state } };
}

function pathsIn(dir: string, shard: number): Paths {
  // Not by join() each: it takes longer than all the rest of a row.
  const at = (name: string) => `${dir.endsWith("/") ? dir : `${dir}/`}${name}`;
  return {
    local_dir: dir,
    local_output: at(outName(shard)),
    local_metrics: at(metricsName(shard)),
    local_stdout: at(stdoutName(shard)),
    local_stderr: at(stderrName(shard)),
  };
}

/** Returns the row of a shard of the old scripts; its side files serve as the record. */
export function collectOldShard(manifest: Manifest, old: OldShard): CollectedShard {
  const paths = {
    local_dir: old.dir,
    local_output: old.out,
    local_metrics: old.metrics,
    local_stdout: old.stdout,
    local_stderr: old.stderr,
  };
  const found = readOldShard(manifest, old);
  const facts = {
    host: old.host ?? old.plan.host,
    rc: old.rc,
    elapsed_s: old.elapsed_s,
    error: "what" in found ? `output ${found.what}` : null,
  };
  const of = (status: "ok" | "failed" | undefined) => row(old.plan, facts, paths, status);
  if (found.kind === "done") return { result: of("ok"), time: null, ok: true };
  if (found.kind === "bad") return { result: of("failed"), time: null, ok: false };
  return { result: { ...of(undefined), farm: { state: "unknown" } }, time: null, ok: false };
}
