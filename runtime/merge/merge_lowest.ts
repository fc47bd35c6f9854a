import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { fitQuality, poiName } from "../../core/fit_quality.ts";
import { judge } from "../../core/merge/guardrails.ts";
import { ArrayPlace, entriesText } from "../../core/merge/json_text.ts";
import { mergedParts, type MergedSet } from "../../core/merge/merged_document.ts";
import { mergeNotes, mergeReport } from "../../core/merge/report.ts";
import { FrameReader, rangesOf, type SourceOrigin } from "../../core/merge/source_facts.ts";
import { summarise, usableSummary } from "../../core/merge/summary.ts";
import { putValues, type ShardOutput } from "../../core/output.ts";
import { MERGED } from "../../core/run_paths.ts";
import type { FarmManifest, RequestedGuardrails } from "../../core/schema/manifest.ts";
import type { MergeReport } from "../../core/schema/merge_report.ts";
import type { Start } from "../../core/schema/starts.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { lowestFits, sameToysFault } from "../../core/starts/lowest.ts";
import { modelDifference } from "../../core/starts/same_model.ts";
import { addStarts } from "../../core/starts/tally.ts";
import { MOST_MISSED } from "../../core/starts/words.ts";
import { joinRanges } from "../../core/toy_ranges.ts";
import { VERSION } from "../../core/version.ts";
import { hashFile, sha256Of } from "../fs/hash_file.ts";
import { refuseOut } from "../fs/refuse_out.ts";
import { writeWhole } from "../fs/write.ts";
import { assertFarmRun, openRun, type Run } from "../run/load_manifest.ts";
import { readSpec } from "../run/read_spec.ts";
import { upperLimit } from "../system/distributions.ts";
import { summedCheckOf } from "./check_merged.ts";
import { MERGED_OUT } from "./merge.ts";
import { wholeOf } from "./merged_set.ts";
import { readInput } from "./read_input.ts";

export interface LowestOptions {
  /** Directories of the runs. */
  runs: readonly string[];
  /** Path of the merged document; null: not given. */
  out: string | null;
  guardrails: RequestedGuardrails;
}

/** A run with its merged toys. */
interface MergedRun {
  run: Run<FarmManifest>;
  output: ShardOutput;
  origin: SourceOrigin;
  spec: unknown;
  /** Files of the observed data. */
  data_files: string[];
}

/**
 * Merges runs of the same toys that were fitted from different starts: of each toy the fit of the lowest NLL is kept.
 * @throws {FarmError} usage; input, where the runs are not of the same toys
 */
export async function mergeLowest({ runs, out, guardrails }: LowestOptions, now_utc: string): Promise<MergeReport> {
  const next = "Give two or more run directories, and --out";
  if (runs.length < 2) throw new FarmError("usage", `Cannot take the lowest fits of ${runs.length} run`, next);
  if (out === null) {
    throw new FarmError("usage", "Cannot merge several runs without --out: wanted a path for the result");
  }
  refuseOut(MERGED_OUT, out);
  const merged = await Promise.all(runs.map(readMergedRun));
  refuseOthers(merged);
  const { set, text } = lowestSet(merged, guardrails, now_utc);
  writeWhole(out, text);
  const report = mergeReport({
    ...{ set, merged: out, merged_sha256: sha256Of(new TextEncoder().encode(text)), run_id: null, n_shards: 1 },
    ...{ run: set.run, problems: [], missing: [], times: null },
  });
  const named = merged.map(({ run }) => run.manifest.run_id).join(", ");
  return {
    ...report,
    result: [`the lowest fit of each toy, of ${merged.length} runs: ${named}`],
    notes: mergeNotes(report, null),
  };
}

/** Reads the whole merged set of a run, and its spec. @throws {FarmError} input */
async function readMergedRun(path: string): Promise<MergedRun> {
  const run = assertFarmRun(openRun(path));
  if (run.manifest.farm.workload) {
    throw new FarmError("input", `Cannot take the lowest fits of "${path}": its toys have no fitted values`);
  }
  const { state, findings } = summedCheckOf(run);
  const found = state === "whole" ? readInput(join(run.dir, MERGED)) : null;
  if (found === null || "problem" in found) {
    const why = found?.problem.what ?? (findings.map(({ what }) => what).join("; ") || "it has no merged document");
    throw new FarmError(
      "input",
      `Cannot take the lowest fits of "${path}": ${why}`,
      `First: nsfarm-deno merge ${quoteWord(path)}`,
    );
  }
  return { run, output: found.output.output, origin: found.origin, ...await readOwnSpec(run) };
}

/** Reads the spec of a run if it is as it was. @throws {FarmError} input */
async function readOwnSpec(
  { manifest: { config, farm } }: Run<FarmManifest>,
): Promise<Pick<MergedRun, "spec" | "data_files">> {
  const { spec, model } = await readSpec(config);
  if (hashFile(config).sha256 !== farm.spec_sha256) {
    throw new FarmError(
      "input",
      `Cannot compare the model of "${config}": it was changed after its run was rendered`,
      "Restore it from a copy",
    );
  }
  return { spec, data_files: (model?.channels ?? []).map(({ file }) => file) };
}

/** Refuses runs that are not of the same toys of the same model. @throws {FarmError} input */
function refuseOthers(merged: readonly MergedRun[]): void {
  const [first, ...others] = merged;
  const name = (i: number): string => `"${merged[i]?.run.dir ?? ""}"`;
  const fault = sameToysFault(merged.map(({ output }) => output), name) ??
    others.map((one, i) => first && otherFault(first, one, `${name(i + 1)} is another than of ${name(0)}`)).find((
      one,
    ) => one);
  if (!fault) return;
  throw new FarmError(
    "input",
    `Cannot take the lowest fits of these runs: ${fault}`,
    "Wanted are runs of the same seed, number of toys, generation point and model, with other data files",
  );
}

function otherFault(first: MergedRun, one: MergedRun, of: string): string | null {
  const odd = SAME.find(({ of }) => JSON.stringify(of(one)) !== JSON.stringify(of(first)));
  if (odd) return `the ${odd.what} of ${of}`;
  const where = modelDifference(first.spec, one.spec);
  return where === null ? null : `the model, in ${where}, of ${of}`;
}

/** What runs of the same toys have in common, besides what their outputs have. */
const SAME: { what: string; of: (one: MergedRun) => unknown }[] = [
  { what: "set of seeds", of: ({ origin }) => joinRanges(rangesOf(origin)).map(({ seed, n_toys }) => [seed, n_toys]) },
  { what: "version of nextstat", of: ({ origin }) => origin.nextstat_version },
  { what: "choice of pulls", of: ({ run }) => run.manifest.farm.pulls },
  { what: "list of further arguments", of: ({ run }) => run.manifest.farm.extra_args },
  { what: "set of other files", of: otherInputs },
];

/** Returns the files that a spec names besides its data: those are the model's. */
function otherInputs({ run: { manifest }, data_files }: MergedRun): unknown {
  const others = manifest.farm.inputs.slice(1).filter(({ path }) => !data_files.includes(path));
  return others.map(({ path, sha256 }) => [path, sha256]);
}

/** Returns the set of the lowest fits, and the text of its merged document. */
function lowestSet(
  merged: readonly MergedRun[],
  requested: RequestedGuardrails,
  created_at_utc: string,
): { set: MergedSet; text: string } {
  const outputs = merged.map(({ output }) => output);
  const { lowest, counts, tally } = lowestFits(outputs);
  const origin = originOf(merged);
  const { seed, n_toys } = wholeOf(rangesOf(origin));
  const { results } = lowest.frame;
  const frame = { ...lowest.frame, results: { ...results, ...counts } };
  const facts = { ...new FrameReader().read(origin, frame), counts };
  const values = { poi_hat: new Float64Array(n_toys), pulls: new Float64Array(n_toys) };
  putValues(values, 0, lowest);
  const summary = summarise(values, [{ ...facts, param_pulls: null }]);
  const max_missed = requested.max_missed ?? MOST_MISSED;
  const starts = addStarts([{ ...tally, n_toys }], { list: merged.map(startOf) }, { upperLimit, max_missed });
  const bounds = merged[0]?.run.manifest.farm.poi_bounds ?? null;
  const toys = { poi_hat: values.poi_hat, poi_true: facts.poi_true, bounds };
  const set: MergedSet = {
    sources: [facts],
    run: { seed, n_toys },
    ...{ missing: [], left_out: [], summary, requested },
    usable: usableSummary(values, { poi_true: facts.poi_true, bounds }),
    verdict: judge(requested, counts, summary.pull, starts),
    fits: fitQuality(poiName(facts), toys, [facts], starts ? { starts } : {}),
    origin: { created_at_utc, nsfarm_version: VERSION, manifest: null, manifest_path: null },
  };
  const parts = mergedParts(set).map((part) => part instanceof ArrayPlace ? entriesText(lowest, part.name) : part);
  return { set, text: parts.join("") + "\n" };
}

/** Returns the origin of the lowest fits: that of all runs together. */
function originOf(merged: readonly MergedRun[]): SourceOrigin {
  const origins = merged.map(({ origin }) => origin);
  const [first] = origins;
  if (!first?.merged) throw new Error("no merged document of any run");
  const all = <T extends string | number>(of: (one: SourceOrigin) => readonly T[]): T[] =>
    [...new Set(origins.flatMap(of))].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  const path = origins.map((one) => one.path).join(", ");
  return {
    ...first,
    ...{ name: path, path, host: null, inputs: null, spec_sha256: null },
    merged: {
      ...first.merged,
      hosts: all((one) => one.merged?.hosts ?? []),
      threads: all((one) => one.merged?.threads ?? []),
      run_tokens: all((one) => one.merged?.run_tokens ?? []),
      nextstat_sha256s: all((one) => one.merged?.nextstat_sha256s ?? []),
      // Sums of pulls are of the toys of one run, and the lowest fits are of several.
      ...{ pull_sums: null, points: null, starts: null },
    },
  };
}

/** Returns the start of a run: its data. */
function startOf({ run: { manifest: { run_id, farm } }, data_files }: MergedRun, index: number): Start {
  const sums = farm.inputs.filter(({ path }) => data_files.includes(path)).map(({ sha256 }) => sha256);
  const more = farm.starts ? ` and ${farm.starts.k - 1} more starts` : "";
  return {
    ...{ index, spec: null, data_file: `${run_id}: ${data_files.join(", ")}${more}` },
    sha256: sums.length === 1 ? sums[0] ?? "" : sha256Of(new TextEncoder().encode(sums.join("\n"))),
  };
}
