import { attemptHost } from "../../core/record.ts";
import { join } from "node:path";
import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { metricsName, stderrName, stdoutName } from "../../core/run_paths.ts";
import { listAttempts, readAttempts } from "../shard/attempts.ts";
import { fitFiles } from "../shard/fit_files.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { readJobLogs } from "../jobs/job_logs.ts";
import type { Run } from "../run/load_manifest.ts";
import { readCommitted } from "../shard/read_shard.ts";
import { readTail } from "../disk/read_tail.ts";
import { Unreadable } from "../disk/read_file.ts";
import { exists } from "../disk/write_file.ts";

export interface ShardLogs {
  shard: number;
  attempts: { attempt: number; host: string; started_at_utc: string; end: ShardRecord | null }[];
  record: ShardRecord | null;
  /** The last 64 kB of each log that has something in it, and of each that a job was given; `text` null: not there. */
  logs: { name: string; text: string | null }[];
}

/**
 * All that a shard and its attempts said.
 * @param telling of events only those that may tell why it is not done
 */
export function readLogs(run: Run<FarmManifest>, plan: Plan, adapter: Backend, telling = false): ShardLogs {
  const { dir } = run;
  const shard = plan.shard_index;
  const numbers = listAttempts(dir).get(shard) ?? [];
  const attempts = readAttempts(dir, shard, numbers).map((one) => ({
    attempt: one.attempt,
    host: attemptHost(one),
    started_at_utc: one.started_at_utc,
    end: one.end,
  }));
  const committed = readCommitted(join(dir, metricsName(shard)));
  const going = numbers.flatMap((number) => {
    const files = fitFiles("", shard, number);
    return [files.stdout, files.stderr];
  });
  const own = [stdoutName(shard), stderrName(shard), ...going];
  const read = (name: string) => ({ name, text: exists(join(dir, name)) ? readTail(join(dir, name)) : null });
  return {
    shard,
    attempts,
    record: committed instanceof Unreadable ? null : committed.farm,
    // That a job's log is empty or absent tells something too: it was killed at once, or never began.
    logs: [...own.map(read).filter((log) => log.text), ...readJobLogs(dir, adapter, shard, telling)],
  };
}
