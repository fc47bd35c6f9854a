import { join } from "node:path";
import { rename } from "../disk/rename.ts";
import { INCOMING, stderrName, stdoutName } from "../../core/run_paths.ts";

/** Where one attempt's fit writes, before anything is checked. */
export interface FitFiles {
  out: string;
  metrics: string;
  stdout: string;
  stderr: string;
}

/** Names in incoming/: unique by attempt, and by them a fit is known among the machine's processes. */
export function fitFiles(dir: string, shard: number, attempt: number): FitFiles {
  return fitFilesOf(join(dir, INCOMING, `shard_${shard}.${attempt}`));
}

export function fitFilesOf(base: string): FitFiles {
  return {
    out: `${base}.out.json`,
    metrics: `${base}.metrics.json`,
    stdout: `${base}.stdout`,
    stderr: `${base}.stderr`,
  };
}

/** Logs of the last attempt are kept under the shard's name where there is something in them. */
export function keepLogs(dir: string, shard: number, files: FitFiles): void {
  for (const [from, to] of [[files.stdout, stdoutName(shard)], [files.stderr, stderrName(shard)]] as const) {
    try {
      if (Deno.lstatSync(from).size === 0) Deno.removeSync(from);
      else rename(from, join(dir, to));
    } catch {
      // a log that cannot be kept must not turn a shard into a failure
    }
  }
}
