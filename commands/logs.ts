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
    if (found.replaced_by) out.print(`cut in two: its toys are now those of ${namedShards(found.replaced_by)}`);
    for (const one of found.attempts) {
      const end = one.end;
      const how = end ? howEnded(end) : "no end recorded: it is running, or its process was killed";
      out.print(`attempt ${one.attempt} on ${one.host}, begun ${one.started_at_utc}: ${how}`);
      // A bare SIGKILL may mean a lack of memory; only the reader of the log can decide.
      if (end?.cause === "signal" && end.max_rss_bytes !== null) {
        out.print(`  peak memory ${mebibytes(end.max_rss_bytes)} MiB`);
      }
      for (const line of end?.stderr_tail ?? []) out.print(`  | ${line}`);
    }
    if (found.record) {
      out.print(`done on ${found.record.host} by attempt ${found.record.attempt} in ${found.record.wall_s} s`);
    }
    for (const log of found.logs) {
      out.print(`${join(run.dir, log.name)}:${log.text ? "" : log.text === null ? " not there" : " empty"}`);
      if (log.text) out.print(log.text.split("\n").map((line) => `  | ${printable(line)}`).join("\n"));
    }
    if (found.old) out.print(describeOld(found.old));
    else if (found.attempts.length === 0 && !found.record) {
      out.print("no attempt recorded: it has not started, or it records its attempt at the end (--wrapper sh)");
    }
  },
});

/** Returns the facts of a shard in the side files of the old wrappers, or in its row of results[]. */
function describeOld({ rc, host, elapsed_s }: OldLogs["old"]): string {
  if (rc === null && host === null && elapsed_s === null) return "neither an exit code nor a host was recorded";
  const took = elapsed_s === null ? "" : ` after ${elapsed_s} s`;
  return `nextstat ${rc === null ? "left no exit code" : `ended with exit ${rc}`}${took}${host ? ` on ${host}` : ""}`;
}

function howEnded({ cause, exit_code, signal }: ShardRecord): string {
  return `${FAILURES[cause].words}${exit_code ? ` (exit ${exit_code})` : ""}${signal ? ` (${signal})` : ""}`;
}
