import { basename, dirname, join, resolve } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { hasGuardrail, needsPulls, NO_GUARDRAILS, replaceGuardrails } from "../../core/merge/guardrails.ts";
import { mergedParts } from "../../core/merge/merged_document.ts";
import { mergeNotes, mergeReport, type WayOut } from "../../core/merge/report.ts";
import { testMarks } from "../../core/observed/words.ts";
import { MERGE_LOCK, MERGE_STATUS, MERGED } from "../../core/run_paths.ts";
import type { RequestedGuardrails } from "../../core/schema/manifest.ts";
import { MERGE_STATUS_SCHEMA, type MergeReport, type MergeStatus } from "../../core/schema/merge_report.ts";
import { VERSION } from "../../core/version.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { whileLocked } from "../fs/exclusive.ts";
import { type OutKind, refuseOut } from "../fs/refuse_out.ts";
import { type FileSum, writeDocument } from "../fs/write.ts";
import { sweepForgotten } from "../run/temporary.ts";
import { isMergedDocument } from "./check_merged.ts";
import type { LimitOfShare } from "../../core/starts/tally.ts";
import { mergedSet, type MergeMoment, type Proof, prove, timesOf, wholeOf, withoutPulls } from "./merged_set.ts";
import { countedInputs, type CountedWorkload, countedWorkload } from "./read_counts.ts";
import { inputSources, runSources, type Sources } from "./sources.ts";
import { type Helper, startMergeWorker } from "./worker.ts";
import { writeMerged } from "./write_merged.ts";

export interface MergeOptions {
  /** A run directory or its manifest; null: only `inputs`. */
  run: string | null;
  /** Paths of outputs that were named one by one (--input). */
  inputs: readonly string[];
  /** Path of the merged document; null: merged.out.json of the run. */
  out: string | null;
  allow_partial: boolean;
  accept_unrecorded: boolean;
  /** Guardrails that replace or complement those of the run. */
  guardrails: RequestedGuardrails;
}

/**
 * Proves that a run's outputs are one whole set and merges them. The report (exit code 5) and merge_status.json list
 * the problems of the set.
 * @throws {FarmError} usage; input, where the manifest cannot be read or the disk is full
 */
export async function mergeRun(options: MergeOptions, now_utc: string): Promise<MergeReport> {
  const moment = { now_utc, nsfarm_version: VERSION };
  const helper = options.run === null ? undefined : startMergeWorker(options.run, options.accept_unrecorded);
  try {
    const sources = openSources(options);
    refuseGuardrails(sources, options.guardrails);
    const guardrails = guardrailsOf(sources, options.guardrails);
    const out = outPath(sources, options.out, options.inputs);
    sweepForgotten(dirname(out));
    const work = (now: Sources) => proveAndWrite(now, { ...options, guardrails, out, helper }, moment);
    if (sources.run === null || options.out !== null) return await work(sources);
    // Under a lock: of two merges at the same time, merged.out.json and merge_status.json must be of the same one. The
    // run is opened again: it may have been extended, and merged, while this merge waited.
    return await whileLocked(join(sources.run.dir, MERGE_LOCK), () => work(openSources(options)));
  } finally {
    helper?.dismiss();
  }
}

function openSources({ run, inputs, accept_unrecorded }: MergeOptions): Sources {
  const next = "Give a run directory, or outputs with --input";
  if (run !== null && inputs.length > 0) throw new FarmError("usage", "Cannot merge both a run and --input", next);
  if (run !== null) return runSources(run, accept_unrecorded);
  if (inputs.length === 0) throw new FarmError("usage", "Cannot merge without a run or outputs", next);
  return countedInputs(inputs) ?? inputSources(inputs);
}

/** Returns the workload of outputs that are counts; null: they have values of toys. */
function workloadIn({ run, counted }: Sources): CountedWorkload | null {
  const workload = run ? workloadOf(run.manifest) : counted;
  return workload ? countedWorkload(workload) : null;
}

/** Refuses guardrails on toys that have no fitted values. @throws {FarmError} usage */
function refuseGuardrails(sources: Sources, given: RequestedGuardrails): void {
  const workload = workloadIn(sources);
  if (!workload || !hasGuardrail(given)) return;
  throw new FarmError("usage", `Cannot judge a guardrail of ${workload.name}: its toys have no fitted values`);
}

/** The document that a merge writes. */
export const MERGED_OUT: OutKind = { flag: "--out", what: "merged document", name: MERGED, isOne: isMergedDocument };

/** Returns the path to write: the run's own merged document, or elsewhere a new or older merged document. */
function outPath({ run }: Sources, out: string | null, inputs: readonly string[]): string {
  const own = run && join(run.dir, MERGED);
  if (out === null) {
    if (own !== null) return own;
    throw new FarmError("usage", "Cannot merge outputs of --input without --out: wanted a path for the result");
  }
  if (own !== null && isSameFile(out, own)) return own;
  if (inputs.some((input) => isSameFile(input, out))) {
    throw new FarmError("usage", `Cannot merge "${out}" into itself`, "Choose another --out");
  }
  refuseOut(MERGED_OUT, out);
  return resolve(out);
}

/** Whether two paths are the same name in the same folder. */
function isSameFile(a: string, b: string): boolean {
  if (basename(a) !== basename(b)) return false;
  const [one, other] = [a, b].map((path) => realFolder(dirname(resolve(path))));
  return one === other;
}

const realFolder = (path: string): string => orElse(path, () => Deno.realPathSync(path));

/** Returns the guardrails of a merge. @throws {FarmError} usage, for guardrails on pulls of a run without them */
function guardrailsOf({ run }: Sources, given: RequestedGuardrails): RequestedGuardrails {
  const farm = run?.manifest.farm;
  if (farm && !farm.pulls && needsPulls(given)) throw withoutPulls();
  return replaceGuardrails(farm?.guardrails ?? NO_GUARDRAILS, given);
}

type Settled = MergeOptions & { out: string; helper: Helper | undefined };

async function proveAndWrite(sources: Sources, options: Settled, moment: MergeMoment): Promise<MergeReport> {
  const { allow_partial, out, helper } = options;
  const workload = workloadIn(sources);
  if (workload) return await addUpOutputs(sources, workload, options, moment);
  const proof = await prove(sources, allow_partial, { beside: out, helper, left_out: new Map() });
  try {
    return await finish(sources, proof, options, moment);
  } finally {
    proof.read.close();
  }
}

/** Merges outputs that are counts, of a run or named one by one. */
async function addUpOutputs(
  sources: Sources,
  workload: CountedWorkload,
  options: Settled,
  moment: MergeMoment,
): Promise<MergeReport> {
  const { mergeCounted, unprovenNotes } = await import("./merge_counts.ts");
  const { report, sum, proof } = await mergeCounted(sources, workload, options, moment);
  const merge_status = writeStatus(sources, options.out, report, sum, moment);
  const way_out = proof.has_twice ? "once" : proof.sources.length > 0 && !options.allow_partial ? "partial" : null;
  const marks = report.merged === null ? [] : testMarks(sources.run?.manifest.farm);
  const notes = [
    ...mergeNotes(report, way_out),
    ...marks,
    ...(report.merged === null ? [] : unprovenNotes(sources, proof)),
  ];
  return { ...report, merge_status, notes };
}

/** Loads the distributions only for a set with starts: they take a tenth of the time of a merge. */
async function limitFor({ read: { facts } }: Proof): Promise<LimitOfShare | null> {
  if (!facts.some(({ starts }) => starts !== null)) return null;
  return (await import("../system/distributions.ts")).upperLimit;
}

async function finish(sources: Sources, proof: Proof, options: Settled, moment: MergeMoment): Promise<MergeReport> {
  const { facts } = proof.read;
  // First: until merge_status.json is written too, the bytes of the document are not those on record.
  const times = timesOf(sources, facts);
  const is_good = proof.problems.length === 0 || (options.allow_partial && proof.is_mergeable);
  const set = is_good ? mergedSet(sources, proof, options.guardrails, moment, await limitFor(proof)) : null;
  const { texts } = proof.read;
  const sum = set && await writeMerged(options.out, { parts: mergedParts(set), texts }, options.helper?.hash);
  const report = mergeReport({
    set,
    merged: set && options.out,
    merged_sha256: sum?.sha256 ?? null,
    run_id: sources.run?.manifest.run_id ?? null,
    n_shards: sources.n_sources,
    run: wholeOf(sources.wanted),
    problems: proof.problems,
    missing: proof.missing,
    times,
  });
  const merge_status = writeStatus(sources, options.out, report, sum, moment);
  return { ...report, merge_status, notes: mergeNotes(report, wayOut(proof, options)) };
}

/** Merges a run as it was rendered: into its own directory, with its own guardrails. @throws {FarmError} */
export const mergeAsRendered = (run: string, allow_partial: boolean, now_utc: string): Promise<MergeReport> =>
  mergeRun({
    ...{ run, inputs: [], out: null, allow_partial, accept_unrecorded: false, guardrails: NO_GUARDRAILS },
  }, now_utc);

/** Returns the option that would allow the merge, unless it was given already. */
const wayOut = ({ way_out }: Proof, { allow_partial }: Settled): WayOut | null =>
  allow_partial && way_out === "partial" ? null : way_out;

/** Writes merge_status.json beside the run's own merged document and returns its path; null: `out` is another one. */
function writeStatus(
  { run }: Sources,
  out: string,
  report: MergeReport,
  sum: FileSum | null,
  { now_utc }: MergeMoment,
): string | null {
  if (run === null || out !== join(run.dir, MERGED)) return null;
  const path = join(run.dir, MERGE_STATUS);
  const status: MergeStatus = {
    schema_version: MERGE_STATUS_SCHEMA,
    created_at_utc: now_utc,
    ok: report.merged !== null && !report.partial,
    partial: report.partial,
    guardrails_passed: report.guardrails?.passed ?? null,
    problems: report.problems,
    merged: report.merged,
    farm: {
      merged_sha256: sum?.sha256 ?? null,
      merged_bytes: sum?.bytes ?? null,
      exit_code: report.exit_code,
      fits: report.fits,
    },
  };
  writeDocument(path, status);
  return path;
}
