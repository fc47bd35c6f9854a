import { join, relative } from "node:path";
import { isFarmManifest, livePlans, nextstatFault, nextstatsOf } from "../../core/check_manifest.ts";
import { errorText } from "../../core/errors.ts";
import { isSetFault, type MergedCheck, type MergedFinding } from "../../core/merge/merged_check.ts";
import { sealFault } from "../../core/record.ts";
import { MERGE_STATUS, MERGED, metricsName } from "../../core/run_paths.ts";
import { archivedInputs, readSums, SUMS } from "../../core/archive_names.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import { MergeStatus } from "../../core/schema/merge_report.ts";
import { startFiles } from "../../core/staging.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { hashFile, sha256Of } from "../fs/hash_file.ts";
import { readIfThere, readRegular, unreadable } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { oldShards, readOldShard } from "../shard/old_run.ts";
import { readShard } from "../shard/read.ts";
import { mergedCheckOf } from "./check_merged.ts";
import { countsFault } from "./merge_counts.ts";
import { countedWorkload } from "./read_counts.ts";
import { remergeFault } from "./verify_merged.ts";

export interface Finding {
  /** Relative to the run's directory; absolute for an input. */
  file: string;
  what: string;
}

interface VerifyReport {
  run_id: string;
  run_dir: string;
  n_shards: number;
  n_good: number;
  /** Whether there is a merged document with the bytes that were written. */
  merged: "good" | "bad" | "absent";
  /** Checks of the merged document by its own declarations; those that are no fault of a file are not in `findings`. */
  merged_check: MergedCheck;
  findings: Finding[];
}

/**
 * Checks every file of a run again: both files of each shard by their sums, the merged document by that of its merge,
 * spec, inputs and nextstat by those of the manifest.
 * @throws {FarmError} input, when the manifest cannot be read or contradicts itself
 */
export function verifyRun(path: string): VerifyReport {
  const { run, report } = verifyFiles(path);
  const { manifest, dir } = run;
  const inputs = isFarmManifest(manifest) ? inputFindings(dir, manifest, exists(join(dir, SUMS))) : [];
  return { ...report, findings: [...report.findings, ...inputs] };
}

/**
 * Checks the files in the run's directory only.
 * @throws {FarmError} input, when the manifest cannot be read or contradicts itself
 */
export function verifyFiles(path: string): { run: Run; report: VerifyReport } {
  const run = openRun(path);
  const { manifest } = run;
  const shards = isFarmManifest(manifest)
    ? livePlans(manifest).map((plan) => shardFindings(run.dir, manifest, plan))
    : oldFindings(run);
  const merged_check = mergedCheckOf(run);
  const merged = mergedFindings(run, merged_check);
  const sums = exists(join(run.dir, SUMS)) ? sumFindings(run.dir) : [];
  const bad = shards.filter((findings) => findings.length > 0).length;
  const report: VerifyReport = {
    run_id: manifest.run_id,
    run_dir: run.dir,
    n_shards: shards.length,
    n_good: shards.length - bad,
    merged: merged === null ? "absent" : merged.length > 0 ? "bad" : "good",
    merged_check,
    findings: [...shards.flat(), ...merged ?? [], ...sums],
  };
  return { run, report };
}

function shardFindings(dir: string, manifest: FarmManifest, plan: Plan): Finding[] {
  const found = readShard(dir, manifest, plan);
  const file = metricsName(plan.shard_index);
  if (found.kind === "absent") return [{ file, what: "is not there: the shard is not done" }];
  if (found.kind === "uncommitted") return [{ file, what: "is missing, though its output exists" }];
  if (found.kind !== "done") return [{ file: found.file, what: found.what }];
  return guarded(file, () => {
    const text = new TextDecoder().decode(readRegular(join(dir, file), 64 * 1024 * 1024));
    const program = nextstatFault(manifest, found.metrics.farm.nextstat_sha256);
    return sealFault(text, sha256Of) ?? (program && `was made by a nextstat that is none of the run's: ${program}`);
  });
}

function guarded(file: string, check: () => string | null): Finding[] {
  try {
    const what = check();
    return what === null ? [] : [{ file, what }];
  } catch (error) {
    return [{ file, what: unreadable(error).message }];
  }
}

function oldFindings(run: Run): Finding[][] {
  return oldShards(run).map((old) => {
    const found = readOldShard(run.manifest, old);
    if (found.kind === "done") return [];
    const what = found.kind === "bad" ? found.what : "is not there: the shard is not done";
    return [{ file: relative(run.dir, old.out), what }];
  });
}

/** Returns the problems of the merged document; null where nothing was merged. */
function mergedFindings(run: Run, { findings }: MergedCheck): Finding[] | null {
  const path = join(run.dir, MERGED);
  if (!exists(path)) return null;
  const faults = findings.filter(isSetFault);
  const again = againFindings(run, faults);
  const summed = guarded(MERGED, () => sumFault(run.dir, faults.length === 0 && again.length === 0));
  const what = [...faults, ...summed, ...again].map(({ what }) => withoutName(what));
  return what.length === 0 ? [] : [{ file: MERGED, what: what.join("; it ") }];
}

/** Returns the differences to a merge of the present shards; none of another set or an invalid document. */
function againFindings(run: Run, faults: MergedFinding[]): Finding[] {
  if (faults.some(({ kind }) => kind === "other")) return [];
  try {
    const counted = countedWorkload(workloadOf(run.manifest));
    const what = counted ? countsFault(run, counted) : remergeFault(run);
    return what === null ? [] : [{ file: MERGED, what }];
  } catch (error) {
    return faults.length > 0 ? [] : [{ file: MERGED, what: `cannot be compared with its shards: ${errorText(error)}` }];
  }
}

/** Returns a finding without its file's name. */
const withoutName = (what: string): string => what.startsWith(`${MERGED} `) ? what.slice(MERGED.length + 1) : what;

/** Returns the fault of the document's sum. @param is_right whether the document is the merge of its shards */
function sumFault(dir: string, is_right: boolean): string | null {
  const status = readIfThere(join(dir, MERGE_STATUS), MergeStatus);
  const written = status?.farm?.merged_sha256;
  if (typeof written !== "string" || hashFile(join(dir, MERGED)).sha256 === written) return null;
  return is_right
    ? `is of another merge than ${MERGE_STATUS}, or its date or a path in it was changed`
    : "is not what the merge wrote: its sha256 differs";
}

/** Returns the problems of an unpacked archive's files by its sums. */
function sumFindings(dir: string): Finding[] {
  const sums = () => readSums(new TextDecoder().decode(readRegular(join(dir, SUMS), 64 * 1024 * 1024)));
  try {
    return sums().flatMap(({ name, sha256 }) =>
      guarded(name, () => hashFile(join(dir, name)).sha256 === sha256 ? null : `has another sha256 than ${SUMS} says`)
    );
  } catch (error) {
    return [{ file: SUMS, what: errorText(error) }];
  }
}

/**
 * Returns the problems of spec, inputs, starts and nextstat.
 * @param unpacked whether the run is an unpacked archive, which need not have them; those in it are checked there
 */
function inputFindings(dir: string, manifest: FarmManifest, unpacked: boolean): Finding[] {
  const files = [
    ...archivedInputs(manifest).map(({ name, from, sha256 }) => {
      const packed = join(dir, name);
      return { path: unpacked && exists(packed) ? packed : from, sums: [sha256] };
    }),
    ...startFiles(manifest).map(({ path, sha256 }) => ({ path: join(dir, path), sums: [sha256] })),
  ];
  const nextstat = { path: manifest.nextstat_bin, sums: nextstatsOf(manifest).map(({ sha256 }) => sha256) };
  return [...files, nextstat].flatMap(({ path, sums }) => {
    if (unpacked && !exists(path)) return [];
    const check = () => sums.includes(hashFile(path).sha256) ? null : "is not the file that the run was rendered with";
    return guarded(path, check);
  });
}
