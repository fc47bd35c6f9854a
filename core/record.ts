import { isObject } from "./quick_check.ts";
import { type Attempt, ATTEMPT_SCHEMA } from "./schema/attempt.ts";
import type { FarmManifest, Plan } from "./schema/manifest.ts";
import type { InJob } from "./schema/scheduler.ts";
import { type Metrics, METRICS_SCHEMA, SHARD_RECORD_SCHEMA, type ShardRecord } from "./schema/shard_record.ts";
import { executorOf, slotsOn } from "./worker_backends.ts";

/** Attempts and records: the only builder of each, and the members that both have. */

type NewAttempt = Partial<Attempt> & Pick<Attempt, "attempt_token" | "wrapper" | "scheduler" | "started_at_utc">;

/** Returns the document of an attempt at its start: members from the plan, and those in `known`. */
export function newAttempt(manifest: FarmManifest, plan: Plan, attempt: number, known: NewAttempt): Attempt {
  const { attempt_token, wrapper, scheduler, started_at_utc, end = null, ...others } = known;
  return {
    schema_version: ATTEMPT_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    attempt_token,
    shard_index: plan.shard_index,
    attempt,
    wrapper,
    fit: null,
    scheduler,
    job_id: null,
    task_id: null,
    slot: null,
    submission_token: null,
    started_at_utc,
    ...others,
    end,
  };
}

/** Members of a record that the run's plan does not determine. */
type NewRecord =
  & Partial<ShardRecord>
  & Pick<ShardRecord, "scheduler" | "wrapper" | "host" | "started_at_utc" | "cause">;

/**
 * Returns the record of an attempt: members from the plan, those in `known`, and null for the rest. The commit adds
 * out_sha256 and out_bytes.
 */
export function newRecord(manifest: FarmManifest, plan: Plan, attempt: number, known: NewRecord): ShardRecord {
  const { scheduler, wrapper, host, started_at_utc, cause, ...others } = known;
  return {
    schema_version: SHARD_RECORD_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    shard_index: plan.shard_index,
    shards: manifest.shards,
    toy_start: plan.toy_start,
    n_toys: plan.n_toys,
    seed: plan.seed,
    attempt,
    scheduler,
    job_id: null,
    task_id: null,
    slot: null,
    wrapper,
    nsfarm_version: manifest.farm.nsfarm_version,
    nextstat_version: null,
    host,
    cpu_model: null,
    cpus_logical: null,
    cpus_physical: null,
    memory_bytes: null,
    kernel: null,
    threads: null,
    load_average_start: null,
    load_average_end: null,
    uptime_s: null,
    started_at_utc,
    finished_at_utc: started_at_utc,
    clock_offset_s: null,
    wall_s: null,
    cpu_user_s: null,
    cpu_system_s: null,
    max_rss_bytes: null,
    exit_code: null,
    signal: null,
    cause,
    stderr_tail: [],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: null,
    out_sha256: null,
    out_bytes: null,
    environment: {},
    ...others,
  };
}

/** Metrics of a fit whose own are lost, or that writes none. */
export const NO_METRICS: Metrics = { schema_version: METRICS_SCHEMA, status: { ok: true }, timing: {} };

type JobOfAttempt = Pick<Attempt, "scheduler" | "job_id" | "task_id" | "slot">;

/** Returns the job in which an attempt ran; attempt and record have the same members for it. */
export const jobOf = ({ scheduler, job_id, task_id, slot }: JobOfAttempt): JobOfAttempt => ({
  scheduler,
  job_id,
  task_id,
  slot,
});

/** Returns the end of an attempt that left none: equal to its start. @param message what is known about it, in words */
export const lostRecord = (
  manifest: FarmManifest,
  plan: Plan,
  attempt: Attempt,
  message: string,
  cause: ShardRecord["cause"] = "signal",
): ShardRecord =>
  newRecord(manifest, plan, attempt.attempt, {
    ...jobOf(attempt),
    wrapper: attempt.remote ? "sh" : "binary",
    host: attemptHost(attempt),
    started_at_utc: attempt.started_at_utc,
    cause,
    stderr_tail: [message],
  });

/** Returns whether another process recorded the end of an attempt whose own process had disappeared without a trace. */
export const isLost = ({ cause, wall_s, exit_code, signal }: ShardRecord): boolean =>
  cause === "signal" && wall_s === null && exit_code === null && signal === null;

/** Returns the host of an attempt, the same from start to end: the name in the hosts file, else the scheduler's. */
export function attemptHost({ remote, host, end, wrapper }: Attempt): string {
  return remote?.host ?? host ?? end?.host ?? wrapper.host;
}

export function recordHost({ scheduler, slot, host }: Pick<ShardRecord, "scheduler" | "slot" | "host">): string {
  return slotsOn(scheduler) === "hosts" && slot !== null ? executorOf(slot) : host;
}

/** Hash function to hexadecimal sha256; core has none of its own. */
type Sha256Of = (data: string | Uint8Array) => string;

/** Returns a metrics document as text: indented by two blanks, with a final line break. */
export const documentText = (document: unknown): string => JSON.stringify(document, null, 2) + "\n";

/** Returns the document with a checksum of itself, which reveals a single changed byte. */
export function sealDocument<T extends { farm: object }>(document: T, sha256: Sha256Of): T {
  return { ...document, farm: { ...document.farm, record_sha256: sha256(documentText(document)) } };
}

/**
 * Returns why a document's text is not what was sealed, or null. Compares the plain parsed JSON, since a schema would
 * change the order of members.
 * @throws {SyntaxError} where the text is no JSON
 */
export function sealFault(text: string, sha256: Sha256Of): string | null {
  const document: unknown = JSON.parse(text);
  if (!isObject(document) || !isObject(document.farm)) return "has no record";
  const { record_sha256, ...farm } = document.farm;
  if (typeof record_sha256 !== "string") return "has no farm.record_sha256 over itself";
  if (documentText(document) !== text) return "is not laid out as it was written";
  const same = sha256(documentText({ ...document, farm })) === record_sha256;
  return same ? null : "is not what was written: its own sha256 differs";
}

const KEY = '\n  "farm": ';
const END = "\n}\n";

/**
 * Returns the record's text within a shard's metrics document as this program writes it: indented by two blanks, `farm`
 * last. Returns undefined for another layout. A JSON string contains no line break, so the key cannot be inside a text.
 */
export function recordText(document: string): string | undefined {
  const at = document.lastIndexOf(KEY);
  if (at < 0 || !document.endsWith(END)) return undefined;
  return document.slice(at + KEY.length, document.length - END.length);
}

/**
 * Returns whether the bytes of a document are what was sealed, in the layout of recordText: not one has changed. Bytes,
 * since a text would have to be encoded again.
 */
export function isSealed(
  bytes: Uint8Array,
  { record_sha256 }: { readonly [member: string]: unknown },
  sha256: Sha256Of,
): boolean {
  const sealed_end = encoder.encode(`,\n    "record_sha256": "${record_sha256}"${RECORD_END}`);
  const at = bytes.length - sealed_end.length;
  if (at < 0 || sealed_end.some((byte, i) => bytes[at + i] !== byte)) return false;
  const unsealed = new Uint8Array(at + RECORD_END_BYTES.length);
  unsealed.set(bytes.subarray(0, at));
  unsealed.set(RECORD_END_BYTES, at);
  return sha256(unsealed) === record_sha256;
}

const encoder = new TextEncoder();
const RECORD_END = `\n  }${END}`;
const RECORD_END_BYTES = encoder.encode(RECORD_END);

/** Thread counts of numerical libraries that a fit may load. */
const LIBRARY_THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
  .concat("NUMEXPR_NUM_THREADS");

/** Variables in a record of any scheduler. */
const VARIABLES = [...LIBRARY_THREADS, "RAYON_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "LANG", "TZ"];

/** One thread for each library, so that nextstat's --threads is the only parallelism. */
export const ONE_BLAS_THREAD: Record<string, string> = Object.fromEntries(LIBRARY_THREADS.map((name) => [name, "1"]));

/** Returns the only variables that a record may contain: ids and settings that explain a result, never secrets. */
export const recordedVariables = (in_jobs: readonly InJob[]): string[] => [
  ...new Set([...VARIABLES, ...in_jobs.flatMap(({ record = [] }) => record)]),
];

/** Returns the part of an environment that a record keeps, each value at most 200 characters long. */
export function recordedEnvironment(
  environment: Record<string, string>,
  in_jobs: readonly InJob[],
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of recordedVariables(in_jobs)) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined) kept[name] = value.slice(0, 200);
  }
  return kept;
}
