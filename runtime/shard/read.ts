import { recordFault } from "../../core/check_result.ts";
import { errorText } from "../../core/errors.ts";
import type { FileFault } from "../../core/file_fault.ts";
import { type ArrayEntries, entriesInBytes, type ShardOutput, type ToyArray } from "../../core/output.ts";
import { quickCheck } from "../../core/quick_check.ts";
import { isSealed, recordText } from "../../core/record.ts";
import { metricsName, outName } from "../../core/run_paths.ts";
import type { FarmManifest, Manifest, Plan } from "../../core/schema/manifest.ts";
import {
  type CommittedMetrics,
  CommittedMetrics as CommittedMetricsSchema,
  ShardRecord,
} from "../../core/schema/shard_record.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { type AnyOutput, withToys, type Workload } from "../../core/workload/workload.ts";
import { infoOf, isBeside, sha256Of } from "../fs/hash_file.ts";
import { showListed } from "../fs/list.ts";
import {
  decodeText,
  MAX_DOCUMENT_BYTES,
  NEVER_TOO_DEEP_CHARACTERS,
  ofSchema,
  parseText,
  readForNow,
  readListedForNow,
  Unreadable,
} from "../fs/read.ts";

/** The evidence of a run directory about one shard (docs/promises.md, "A shard is done"). */
export type Evidence =
  /** Neither file exists. */
  | { kind: "absent" }
  /** A whole out.json of this shard without its record: its writer died between the two steps. */
  | { kind: "uncommitted"; output: CheckedOutput }
  /** A record of another run's token. */
  | { kind: "foreign"; file: string; what: string }
  /** `late`: the record exists and only its output is missing, which may still appear on a shared file system. */
  /** `unread`: the system's reason for refusing to read; the content is unknown. */
  | { kind: "bad"; file: string; what: string; late?: boolean; unread?: FileFault | null }
  | { kind: "done"; metrics: Pick<CommittedMetrics, "farm">; output: CheckedOutput };

/** Returns the fault of a bad or foreign file, with its name; null: no fault. */
export const evidenceFault = (found: Evidence): string | null => "what" in found ? `${found.file} ${found.what}` : null;

type ReadMetrics = (path: string) => Pick<CommittedMetrics, "farm"> | Unreadable;

export interface CheckedOutput<Output extends AnyOutput = AnyOutput> {
  output: Output;
  bytes: number;
  sha256: string;
  /** Entries of the arrays in nextstat's layout; null: another. Views of a buffer that the next file overwrites. */
  entries: Record<ToyArray, Uint8Array> | null;
}

/** Returns an output that has a value for each toy. @throws {Error} for another one */
export function withEachToy(checked: CheckedOutput): CheckedOutput<ShardOutput> {
  return { ...checked, output: withToys(checked.output) };
}

/** Largest metrics document that is read: nextstat's is about 2 kB. */
const MAX_METRICS_BYTES = 8 * 1024 * 1024;

/** Returns the largest size of an output of n toys, in bytes: four numbers of about 25 characters, and the rest. */
export const maxOutputBytes = (n_toys: number): number => 1024 * 1024 + 400 * n_toys;

/** Reads and checks a shard's final files; faults are data. @param read its metrics document: whole, or its record */
export function readShard(
  dir: string,
  manifest: FarmManifest,
  plan: Plan,
  read: ReadMetrics = readCommitted,
): Evidence {
  const metrics = read(`${dir}/${metricsName(plan.shard_index)}`);
  const file = outName(plan.shard_index);
  if (metrics instanceof Unreadable) {
    const { message: what, fault: unread } = metrics;
    if (!metrics.absent) return { kind: "bad", file: metricsName(plan.shard_index), what, unread };
    return withoutRecord(dir, manifest, plan);
  }
  const { farm } = metrics;
  const fault = recordFault(manifest, plan, farm);
  if (fault) {
    return {
      kind: farm.run_token === manifest.farm.run_token ? "bad" : "foreign",
      file: metricsName(plan.shard_index),
      what: fault,
    };
  }
  const output = readOutput(`${dir}/${file}`, manifest, plan);
  if (output instanceof Unreadable) {
    return { kind: "bad", file, what: output.message, late: output.absent, unread: output.fault };
  }
  if (output.bytes !== farm.out_bytes) {
    return { kind: "bad", file, what: `has ${output.bytes} bytes, its record says ${farm.out_bytes}` };
  }
  if (output.sha256 !== farm.out_sha256) {
    return { kind: "bad", file, what: "does not have the sha256 of its record" };
  }
  return { kind: "done", metrics, output };
}

/** Reads as readShard does, and the times in nextstat's half of the metrics document; null where that is not whole. */
export function readTimed(
  dir: string,
  manifest: FarmManifest,
  plan: Plan,
): { found: Evidence; timing: CommittedMetrics["timing"] | null } {
  let timing: CommittedMetrics["timing"] | null = null;
  const found = readShard(dir, manifest, plan, (path) => {
    const metrics = readCommitted(path);
    if (!(metrics instanceof Unreadable)) timing = metrics.timing;
    return metrics;
  });
  return { found, timing };
}

/**
 * Reads as readShard does, after a fresh listing of the directory. Names that are not listed are not looked up: a
 * machine may cache for a minute that a name is absent after others created it (nfs(5), "lookupcache"). A name that is
 * listed and not found is late.
 */
export function readListed(dir: string, manifest: FarmManifest, plan: Plan, names: ReadonlySet<string>): Evidence {
  const listed = [metricsName(plan.shard_index), outName(plan.shard_index)].filter((name) => names.has(name));
  const [file] = listed;
  if (file === undefined) return { kind: "absent" };
  const found = readShard(dir, manifest, plan);
  if (!lacksOne(found, names, plan)) return found;
  for (const name of listed) showListed(`${dir}/${name}`);
  const again = readShard(dir, manifest, plan);
  if (!lacksOne(again, names, plan)) return again;
  return { kind: "bad", file, what: "is listed, but not visible yet", late: true };
}

/** Whether a listed file of a shard was not found. */
function lacksOne(found: Evidence, names: ReadonlySet<string>, { shard_index }: Plan): boolean {
  if (found.kind === "uncommitted") return names.has(metricsName(shard_index));
  return found.kind === "absent" || isHidden(found, names);
}

/** Returns whether a listing shows a file of a shard that a lookup denies on this machine. */
export const isHidden = (found: Evidence, names: ReadonlySet<string>): boolean =>
  found.kind === "bad" && found.late === true && names.has(found.file);

/**
 * Returns the record of a shard whose files look as committed: the output has the size in its record, was last written
 * before the record, and has its permissions. Null where only the bytes can decide.
 */
export function readUntouched(dir: string, manifest: FarmManifest, plan: Plan): ShardRecord | null {
  try {
    const { bytes, info } = readForNow(`${dir}/${metricsName(plan.shard_index)}`, MAX_METRICS_BYTES);
    const record = ownRecord(decodeText(bytes));
    if (!record || recordFault(manifest, plan, record) !== null) return null;
    const output = infoOf(`${dir}/${outName(plan.shard_index)}`);
    return output?.size === record.out_bytes && isBeside(output, info) ? record : null;
  } catch {
    return null;
  }
}

/**
 * Returns the record of a shard whose output has the sha256 of the record and declares the planned toys; null where
 * readShard has to find the fault. The numbers in the arrays are not read: they were checked before the record was
 * written. Both files must be regular by a listing.
 */
export function readProven(dir: string, manifest: FarmManifest, plan: Plan): ShardRecord | null {
  try {
    const record = wholeRecord(readListedForNow(`${dir}/${metricsName(plan.shard_index)}`, MAX_METRICS_BYTES));
    if (recordFault(manifest, plan, record) !== null) return null;
    const bytes = readListedForNow(`${dir}/${outName(plan.shard_index)}`, maxOutputBytes(plan.n_toys));
    if (bytes.length !== record.out_bytes || sha256Of(bytes) !== record.out_sha256) return null;
    return workloadOf(manifest).isOfPlan(manifest, plan, decodeText(bytes)) ? record : null;
  } catch {
    return null;
  }
}

function withoutRecord(dir: string, manifest: FarmManifest, plan: Plan): Evidence {
  const file = outName(plan.shard_index);
  const output = readOutput(`${dir}/${file}`, manifest, plan);
  if (!(output instanceof Unreadable)) return { kind: "uncommitted", output };
  return output.absent ? { kind: "absent" } : { kind: "bad", file, what: output.message, unread: output.fault };
}

const isRecord = quickCheck(ShardRecord);

/** Returns our record of a document in this program's layout, of which only the record is parsed. */
function ownRecord(text: string): ShardRecord | null {
  const own = recordText(text);
  // The other half is not parsed, but must not be nested too deeply either.
  if (text.length >= NEVER_TOO_DEEP_CHARACTERS) parseText(text);
  const farm: unknown = own === undefined ? undefined : JSON.parse(own);
  return isRecord(farm) ? farm : null;
}

/**
 * Returns our record of a document whose other half is nextstat's: by the document's own checksum, which takes less
 * time than parsing that half, else parsed. @throws {Unreadable}
 */
function wholeRecord(bytes: Uint8Array): ShardRecord {
  const text = decodeText(bytes);
  const record = ownRecord(text);
  return record && isSealed(bytes, record, sha256Of) ? record : committedOf(text).farm;
}

/** Reads as readCommitted does, and parses nextstat's half, which takes as long again, only in another layout. */
export function readRecord(path: string): Pick<CommittedMetrics, "farm"> | Unreadable {
  try {
    const farm = ownRecord(decodeText(readForNow(path, MAX_METRICS_BYTES).bytes));
    return farm ? { farm } : readCommitted(path);
  } catch {
    return readCommitted(path);
  }
}

const isCommitted = quickCheck(CommittedMetricsSchema);

const committedOf = (text: string): CommittedMetrics => ofSchema(parseText(text), CommittedMetricsSchema, isCommitted);

/** Reads shard_<i>.metrics.json with our record in it. */
export function readCommitted(path: string): CommittedMetrics | Unreadable {
  try {
    return committedOf(decodeText(readForNow(path, MAX_METRICS_BYTES).bytes));
  } catch (error) {
    return asUnreadable(error);
  }
}

/** Reads an output and checks that it holds the planned toys. */
export function readOutput(path: string, manifest: Manifest, plan: Plan): CheckedOutput | Unreadable {
  const workload = workloadOf(manifest);
  return readChecked(workload, path, maxOutputBytes(plan.n_toys), (one) => workload.planFault(manifest, plan, one));
}

/** Reads an output of a workload, without a manifest, and checks that it is consistent in itself. */
export function readAnyOutput<Output extends AnyOutput>(
  path: string,
  workload: Workload<Output>,
): CheckedOutput<Output> | Unreadable {
  return readChecked(workload, path, MAX_DOCUMENT_BYTES, workload.selfFault);
}

function readChecked<Output extends AnyOutput>(
  workload: Workload<Output>,
  path: string,
  max_bytes: number,
  faultOf: (output: Output) => string | null,
): CheckedOutput<Output> | Unreadable {
  try {
    const { bytes } = readForNow(path, max_bytes);
    const text = decodeText(bytes);
    const { output, entries } = parseChecked(workload, text, faultOf);
    const spans = entries && entriesInBytes(text, bytes.length, entries);
    return { output, bytes: bytes.length, sha256: sha256Of(bytes), entries: spans && viewsOf(bytes, spans) };
  } catch (error) {
    return asUnreadable(error);
  }
}

/** Parses and checks an output. @throws {Unreadable} SyntaxError where the text is no JSON */
export function parseChecked<Output extends AnyOutput>(
  workload: Workload<Output>,
  text: string,
  faultOf: (output: Output) => string | null,
): ReturnType<Workload<Output>["parse"]> {
  const parsed = workload.parse(text);
  const fault = faultOf(parsed.output);
  // An inconsistent output is broken; a consistent one that was not planned holds other toys.
  if (fault !== null) throw new Unreadable(fault, false, fault !== workload.selfFault(parsed.output));
  return parsed;
}

function viewsOf(bytes: Uint8Array, entries: ArrayEntries): Record<ToyArray, Uint8Array> {
  const view = (name: ToyArray) => bytes.subarray(...entries[name]);
  return { converged: view("converged"), nll: view("nll"), poi_hat: view("poi_hat"), poi_sigma: view("poi_sigma") };
}

/** Returns an error of reading or checking a file as its fault. */
export function asUnreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  return new Unreadable(error instanceof SyntaxError ? `is no JSON: ${errorText(error)}` : errorText(error), false);
}
