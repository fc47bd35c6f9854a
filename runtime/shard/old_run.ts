import { dirname, join } from "node:path";
import { livePlans } from "../../core/check_manifest.ts";
import { FarmError, orElse } from "../../core/errors.ts";
import { ifThere } from "../../core/file_fault.ts";
import {
  isInside,
  metricsName,
  type OldSideKind,
  oldSideName,
  outName,
  pathNow,
  stderrName,
  stdoutName,
} from "../../core/run_paths.ts";
import type { Manifest, Plan, ShardResult } from "../../core/schema/manifest.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { decodeText, readRegular, Unreadable } from "../fs/read.ts";
import type { Run } from "../run/load_manifest.ts";
import { type CheckedOutput, readOutput } from "./read.ts";

/** A shard of a run of the old scripts, with the paths of its files. */
export interface OldShard {
  plan: Plan;
  dir: string;
  out: string;
  metrics: string;
  stdout: string;
  stderr: string;
  /** From the side files, or from results[] where those are gone; null: unknown. */
  rc: number | null;
  host: string | null;
  elapsed_s: number | null;
}

type OldEvidence =
  | { kind: "absent" }
  | { kind: "bad"; what: string }
  | { kind: "done"; output: CheckedOutput };

/**
 * Returns the live shards of an old run. After a collect, results[] has the paths of the files.
 * @throws {FarmError} input, when a path leaves the run directory
 */
export function oldShards(run: Run): OldShard[] {
  const results = new Map((run.manifest.results ?? []).map((result) => [result.shard_index, result]));
  const places = new Places(run.dir, foldersBefore(run.manifest));
  return livePlans(run.manifest).map((plan) => oldShard(run, places, plan, results.get(plan.shard_index)));
}

function oldShard(run: Run, places: Places, plan: Plan, result: ShardResult | undefined): OldShard {
  const i = plan.shard_index;
  const place = (member: keyof ShardResult & `local_${string}`, name: string) => {
    const written = result?.[member];
    if (typeof written === "string" && written !== "") {
      return places.find(written, `results[] of shard ${i}: ${member}`);
    }
    return join(run.dir, name);
  };
  const side = (kind: OldSideKind) => sideText(join(run.dir, oldSideName(i, kind)));
  return {
    plan,
    dir: place("local_dir", "."),
    out: place("local_output", outName(i)),
    metrics: place("local_metrics", metricsName(i)),
    stdout: place("local_stdout", stdoutName(i)),
    stderr: place("local_stderr", stderrName(i)),
    rc: numberIn(side("rc")) ?? result?.rc ?? null,
    host: side("host") ?? result?.host ?? null,
    elapsed_s: numberIn(side("elapsed_s")) ?? result?.elapsed_s ?? null,
  };
}

/** Finds the files that a manifest names, only inside its run directory. */
class Places {
  readonly #checked = new Map<string, boolean>();

  constructor(readonly dir: string, readonly before: readonly string[]) {}

  find(written: string, what: string): string {
    const path = pathNow(written, this.before, this.dir);
    if (path === null || !this.#isReallyInside(path)) throw leaves(what, written, this.dir);
    return path;
  }

  /** Whether a path is inside with its links resolved: no link on the way may lead out of the directory. */
  #isReallyInside(path: string): boolean {
    const folder = path === this.dir ? path : dirname(path);
    const known = this.#checked.get(folder);
    const inside = known ?? isReallyInside(folder, this.dir);
    this.#checked.set(folder, inside);
    return inside;
  }
}

/** Returns the folders in which an old run may have been: the one its manifest names, or one of its name. */
function foldersBefore({ run_dir, run_id, results = [] }: Manifest): string[] {
  if (run_dir !== undefined) return [run_dir];
  const named = results.flatMap(({ local_output, local_dir }) => {
    const path = `${local_output ?? local_dir ?? ""}/`;
    const at = path.lastIndexOf(`/${run_id}/`);
    return at < 0 ? [] : [path.slice(0, at + 1 + run_id.length)];
  });
  return [...new Set(named)];
}

function isReallyInside(folder: string, root: string): boolean {
  // A path that does not exist leads nowhere.
  return orElse(false, () => ifThere(true, () => isInside(Deno.realPathSync(folder), Deno.realPathSync(root))));
}

function leaves(what: string, path: string, root: string): FarmError {
  return new FarmError(
    "input",
    `Cannot use the manifest: ${what} is "${path}", which is outside the run directory "${root}"`,
    "Put the file into the run directory, or merge such files with --input",
  );
}

const sideText = (path: string): string | null =>
  orElse(null, () => decodeText(readRegular(path, 4096)).trim() || null);

function numberIn(text: string | null): number | null {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) ? value : null;
}

/**
 * Returns the evidence of an old shard's files. There is no record: the output is checked as far as possible, and an
 * exit code other than 0 is a failure unless the output is complete and reports a failed guardrail.
 */
export function readOldShard(
  manifest: Manifest,
  { plan, out, rc }: Pick<OldShard, "plan" | "out" | "rc">,
): OldEvidence {
  const output = readOutput(out, manifest, plan);
  if (output instanceof Unreadable) {
    if (!output.absent) return { kind: "bad", what: output.message };
    return rc === null ? { kind: "absent" } : { kind: "bad", what: `is not there, and nextstat ended with exit ${rc}` };
  }
  if (rc === null || rc === 0 || workloadOf(manifest).failedGuardrail(output.output)) return { kind: "done", output };
  return { kind: "bad", what: `is whole, but nextstat ended with exit ${rc}` };
}
