import { join } from "node:path";
import { INCOMING } from "../core/run_paths.ts";

/** Where one attempt's fit writes, before anything is checked. */
export interface FitFiles {
  out: string;
  metrics: string;
  stdout: string;
  stderr: string;
}

/** Names in incoming/: unique by attempt, and by them a fit is known among the machine's processes. */
export function fitFiles(dir: string, shard: number, attempt: number): FitFiles {
  const base = join(dir, INCOMING, `shard_${shard}.${attempt}`);
  return {
    out: `${base}.out.json`,
    metrics: `${base}.metrics.json`,
    stdout: `${base}.stdout`,
    stderr: `${base}.stderr`,
  };
}
