import { join } from "node:path";
import { FarmError } from "../core/errors.ts";
import { FAILURES, printable } from "../core/failure.ts";
import { wholeNumber } from "../core/flags.ts";
import { mebibytes, namedShards } from "../core/format.ts";
import type { ShardRecord } from "../core/schema/shard_record.ts";
import { isFarmRun } from "../runtime/run/load_manifest.ts";
import { readLogs, type ShardLogs } from "../runtime/state/logs.ts";
import { type OldLogs, oldLogs } from "../runtime/state/old_status.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { adapterOf, anyRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  needs: ["read"],
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = anyRunOf(args, out);
    const shard = wholeNumber("SHARD", 0)(args[1] ?? "");
    const plan = run.manifest.plans[shard];
    if (!plan) {
      throw new FarmError(
        "usage",
        `Cannot show shard ${shard}: the run has the shards 0 to ${run.manifest.plans.length - 1}`,
      );
    }
    const found: ShardLogs & Partial<OldLogs> = isFarmRun(run)
      ? readLogs(run, plan, await adapterOf(run, out))
      : oldLogs(run, plan);
    out.document(found);
    out.print(`shard ${shard}: toys ${plan.toy_start} to ${plan.toy_start + plan.n_toys - 1}, seed ${plan.seed}`);
    for (const line of linesOf(run.dir, found)) out.print(line);
  },
});

function linesOf(dir: string, { replaced_by, attempts, record, logs, old }: ShardLogs & Partial<OldLogs>): string[] {
  const isBare = !old && attempts.length === 0 && !record;
  return [
    ...(replaced_by ? [`cut in two: its toys are now those of ${namedShards(replaced_by)}`] : []),
    ...attempts.flatMap(attemptLines),
    ...(record ? [`done on ${record.host} by attempt ${record.attempt} in ${record.wall_s} s`] : []),
    ...logs.flatMap((log) => logLines(dir, log)),
    ...(old ? [describeOld(old)] : []),
    ...(isBare ? ["no attempt recorded: it has not started, or it records its attempt at the end (--wrapper sh)"] : []),
  ];
}

function attemptLines({ attempt, host, started_at_utc, end }: ShardLogs["attempts"][number]): string[] {
  const how = end ? howEnded(end) : "no end recorded: it is running, or its process was killed";
  // A bare SIGKILL may mean a lack of memory; only the reader of the log can decide.
  const peak = end?.cause === "signal" ? end.max_rss_bytes : null;
  return [
    `attempt ${attempt} on ${host}, begun ${started_at_utc}: ${how}`,
    ...(peak === null ? [] : [`  peak memory ${mebibytes(peak)} MiB`]),
    ...(end?.stderr_tail ?? []).map((line) => `  | ${line}`),
  ];
}

function logLines(dir: string, { name, text }: ShardLogs["logs"][number]): string[] {
  const path = join(dir, name);
  if (!text) return [`${path}:${text === null ? " not there" : " empty"}`];
  return [`${path}:`, ...text.split("\n").map((line) => `  | ${printable(line)}`)];
}

/** Returns the facts of a shard in the side files of the old wrappers, or in its row of results[]. */
function describeOld({ rc, host, elapsed_s }: OldLogs["old"]): string {
  if (rc === null && host === null && elapsed_s === null) return "neither an exit code nor a host was recorded";
  const took = elapsed_s === null ? "" : ` after ${elapsed_s} s`;
  return `nextstat ${rc === null ? "left no exit code" : `ended with exit ${rc}`}${took}${host ? ` on ${host}` : ""}`;
}

function howEnded({ cause, exit_code, signal }: ShardRecord): string {
  return `${FAILURES[cause].words}${exit_code ? ` (exit ${exit_code})` : ""}${signal ? ` (${signal})` : ""}`;
}
