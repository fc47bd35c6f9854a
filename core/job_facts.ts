import type { ProcessId } from "./contracts/attempt.ts";
import type { ShardRecord } from "./contracts/shard_record.ts";

/** The first line of a job.txt names its format. */
export const JOB_FACTS = "nsfarm-job-1";

/** What the sh wrapper tells of one attempt: KEY=VALUE lines, the last of them end=1. */
export interface JobFacts {
  /** Whether it came to its end; else it runs, or was killed with its job. */
  ended: boolean;
  values: ReadonlyMap<string, string>;
  stderr: string[];
  environment: Record<string, string>;
}

/** Reads a job.txt; undefined when it is none of ours. Unknown keys are kept, for a newer wrapper may say more. */
export function readJobFacts(text: string): JobFacts | undefined {
  const values = new Map<string, string>();
  const stderr: string[] = [];
  const environment: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const cut = line.indexOf("=");
    if (cut < 1) continue;
    const [key, value] = [line.slice(0, cut), line.slice(cut + 1)];
    if (key === "stderr") stderr.push(value);
    else if (key.startsWith("env.")) environment[key.slice(4)] = value;
    else values.set(key, value);
  }
  if (!values.has("format") || !values.has("run_token")) return undefined;
  return { ended: values.get("end") === "1", values, stderr, environment };
}

export function numberIn(facts: JobFacts, key: string): number | null {
  const text = facts.values.get(key);
  if (text === undefined || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

export const textIn = (facts: JobFacts, key: string): string | null => facts.values.get(key) || null;

/** The job.txt of an attempt that nsfarm-deno itself ran where it could not commit: its whole record is in it. */
export function sentFacts(
  record: ShardRecord,
  process: ProcessId,
  more: { attempt: string; submission_token: string | null; metrics_bytes: number | null },
): string {
  const { attempt, submission_token, metrics_bytes } = more;
  const values = {
    format: JOB_FACTS,
    run_token: record.run_token,
    shard: record.shard_index,
    attempt,
    submission_token,
    ...process,
    out_bytes: record.out_bytes,
    metrics_bytes,
    // Its clock was compared with its own disk, which tells nothing of the file server's.
    record: JSON.stringify({ ...record, clock_offset_s: null }),
    end: 1,
  };
  return Object.entries(values).map(([key, value]) => `${key}=${value ?? ""}\n`).join("");
}
