import { resolve } from "node:path";
import * as z from "../../core/schema/zod.ts";
import { orElse } from "../../core/errors.ts";
import { firstIssue } from "../../core/first_issue.ts";
import type { MergedFacts } from "../../core/merge/merged_facts.ts";
import { duplicateSeeds, originMismatches } from "../../core/merge/prove.ts";
import { onlyOne, rangesOf, type SourceOrigin } from "../../core/merge/source_facts.ts";
import type { InputFile } from "../../core/schema/enums.ts";
import { CountedFarm } from "../../core/schema/counted.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { joinRanges, type MissingToys, missingToys, type SeedRange, sumToys } from "../../core/toy_ranges.ts";
import { workloads } from "../../core/workload/registry.ts";
import { drawnSeeds } from "../../core/workload/seeds.ts";
import type { AnyOutput, CountedOutput, Workload } from "../../core/workload/workload.ts";
import { parseJson, readRegular, Unreadable } from "../fs/read.ts";
import { readAnyOutput } from "../shard/read.ts";
import { missingProblem } from "./merged_set.ts";
import { origin, recordBeside } from "./read_input.ts";
import { readRunShard } from "./read_part.ts";
import type { SourceOrder, Sources } from "./sources.ts";

export type CountedWorkload = Workload & { merge: NonNullable<Workload["merge"]> };

/** An output with counts, and where it comes from. */
interface CountedSource {
  origin: SourceOrigin;
  output: AnyOutput;
}

/** Outputs whose counts are to be added up, and what keeps them from being the whole set. */
export interface CountedProof {
  /** In toy order; they agree with each other. */
  sources: CountedSource[];
  problems: Problem[];
  /** All toys of the set, and those that no output has. */
  wanted: SeedRange[];
  missing: MissingToys[];
  /** Whether some toys are in two outputs, which no partial merge may have. */
  has_twice: boolean;
}

/** Returns a workload if its outputs are counts. */
export const countedWorkload = (workload: Workload): CountedWorkload | null =>
  workload.merge ? { ...workload, merge: workload.merge } : null;

/** Size above which a document has values of toys: one of counts has about 200 bytes a shard. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Returns outputs by their paths if the first that can be read is one of counts; null: it has values of toys. */
export function countedInputs(paths: readonly string[]): Sources | null {
  for (const path of paths) {
    // Whoever reads it again reports why it cannot be read.
    const document = orElse(undefined, () => parseJson(readRegular(path, MAX_BYTES)));
    if (document === undefined) continue;
    const counted = workloads().find(({ merge }) => merge?.isOutput(document));
    if (!counted) return null;
    const orders = paths.map((one): SourceOrder => ({
      kind: "input",
      path: resolve(one),
      at: 0,
      n_toys: 0,
      slice: null,
    }));
    const context = { dir: "", manifest: null, accept_unrecorded: true };
    return { run: null, context, orders, n_sources: paths.length, wanted: [], counted };
  }
  return null;
}

type Read = CountedSource & { wanted: readonly SeedRange[] };

/** Reads all outputs of counts, and proves that they can be added up. */
export function proveCounts(
  { run, context, orders, wanted: of_run }: Sources,
  workload: CountedWorkload,
): CountedProof {
  const [all, problems]: [Read[], Problem[]] = [[], []];
  for (const order of orders) {
    const found = order.kind === "input" ? readInputCounts(order.path, workload) : readRunShard(context, order);
    if ("problem" in found) problems.push(found.problem);
    else if ("wanted" in found) all.push(found);
    else all.push({ origin: found.origin, output: found.output.output, wanted: [] });
  }
  shareInputs(all.map(({ origin }) => origin));
  all.sort((a, b) => run ? a.origin.toy_start - b.origin.toy_start : a.origin.seed - b.origin.seed);
  const odd = oddSources(all, workload);
  const sources = all.filter((one) => !odd.has(one.origin)).map(({ origin, output }) => ({ origin, output }));
  const origins = sources.map(({ origin }) => origin);
  const twice = duplicateSeeds(origins, (ranges) => drawnSeeds(workload, ranges));
  const wanted = run ? of_run : joinRanges(all.flatMap((one) => one.wanted));
  const missing = missingToys(wanted, origins.flatMap(rangesOf));
  problems.push(...odd.values(), ...twice);
  const absent = missingToys(wanted, all.flatMap(({ origin }) => rangesOf(origin)));
  if (absent.length > 0 && (problems.length === 0 || !run)) problems.push(missingProblem(absent));
  return { sources, problems, wanted, missing, has_twice: twice.length > 0 };
}

/** Makes equal inputs one object, by which they are compared. */
function shareInputs(origins: readonly SourceOrigin[]): void {
  const kept = new Map<string, readonly InputFile[]>();
  for (const one of origins) {
    if (!one.inputs) continue;
    const text = JSON.stringify(one.inputs.map(({ path, sha256 }) => [path, sha256]));
    one.inputs = kept.get(text) ?? one.inputs;
    kept.set(text, one.inputs);
  }
}

/** Returns the outputs that differ from most others. */
function oddSources(sources: readonly CountedSource[], { merge }: CountedWorkload): Map<SourceOrigin, Problem> {
  const usual = usualSource(sources, merge);
  const odd = new Map<SourceOrigin, Problem>();
  const mark = (one: SourceOrigin, what: string) => {
    if (!odd.has(one)) odd.set(one, { shard_index: one.shard_index, what });
  };
  for (const { source, what } of originMismatches(sources.map(({ origin }) => origin))) mark(source, what);
  for (const one of sources) {
    const what = usual && difference(one, usual, merge);
    if (what) mark(one.origin, `${one.origin.name} ${what}`);
  }
  return odd;
}

type CountedWay = CountedWorkload["merge"];

/** Returns one of the outputs that agree with each other, if those are more than half (Boyer and Moore's vote, 1981). */
function usualSource(sources: readonly CountedSource[], way: CountedWay): CountedSource | undefined {
  let [candidate, votes]: [CountedSource | undefined, number] = [undefined, 0];
  for (const one of sources) {
    if (candidate === undefined || votes === 0) [candidate, votes] = [one, 1];
    else votes += difference(one, candidate, way) === null ? 1 : -1;
  }
  return candidate;
}

function difference(one: CountedSource, usual: CountedSource, way: CountedWay): string | null {
  const [a, b] = [one.origin, usual.origin];
  const is_same = a.host !== null && a.host === b.host && a.threads === b.threads;
  return way.mismatch(one.output, usual.output, is_same ? "same" : "other");
}

/** Reads an output of counts without a manifest: it must be consistent in itself, and with our record beside it. */
function readInputCounts(path: string, workload: CountedWorkload): Read | { problem: Problem } {
  const problem = (what: string) => ({ problem: { shard_index: null, what: `"${path}" ${what}` } });
  const checked = readAnyOutput(path, workload);
  if (checked instanceof Unreadable) return problem(checked.message);
  const { output } = checked;
  if ("frame" in output || !workload.merge.isOutput(output.document)) {
    return problem(`is no output of ${workload.name}`);
  }
  const merged = mergedFarm(output.document);
  if (merged instanceof Error) return problem(merged.message);
  if (merged) return readMergedCounts(path, output, merged, problem);
  const record = recordBeside(path);
  if (record && record.out_sha256 !== checked.sha256) {
    return problem("does not have the sha256 of the record beside it");
  }
  const range = { seed: workload.merge.firstSeed(output), n_toys: output.n_toys };
  const { shard_index = null, toy_start = 0 } = record ?? {};
  return { origin: origin({ shard_index, toy_start, ...range }, `"${path}"`, path, record), output, wanted: [range] };
}

const OfMerge = z.looseObject({ merge: z.looseObject({ farm: z.looseObject({}) }) });

/** Returns merge.farm of a merged document; null: it is of one nextstat run; an Error: it cannot be read. */
function mergedFarm(document: unknown): CountedFarm | Error | null {
  const { data } = OfMerge.safeParse(document);
  if (!data) return null;
  const farm = CountedFarm.safeParse(data.merge.farm);
  return farm.success ? farm.data : new Error(`has a merge.farm that cannot be read: ${firstIssue(farm.error)}`);
}

function readMergedCounts(
  path: string,
  output: CountedOutput,
  farm: CountedFarm,
  problem: (what: string) => { problem: Problem },
): Read | { problem: Problem } {
  const { seed_ranges, missing, spec_sha256, inputs, nextstat_version } = farm;
  const { n_toys } = output;
  const held = sumToys(seed_ranges);
  if (held !== n_toys || joinRanges(seed_ranges).length !== seed_ranges.length) {
    return problem(`holds ${n_toys} toys, and its merge.farm.seed_ranges are of ${held}`);
  }
  const toys = { shard_index: null, toy_start: 0, n_toys, seed: seed_ranges[0]?.seed ?? 0 };
  const [host, threads] = [onlyOne(farm.hosts), onlyOne(farm.threads)];
  const facts = { host, threads, spec_sha256, inputs, nextstat_version, merged: mergedFacts(farm) };
  return {
    origin: { ...origin(toys, `"${path}"`, path, null), ...facts },
    output,
    wanted: [...seed_ranges, ...missing],
  };
}

const mergedFacts = ({ seed_ranges, hosts, threads, run_tokens, nextstat_sha256s }: CountedFarm): MergedFacts => ({
  ...{ seed_ranges, hosts, threads, run_tokens, nextstat_sha256s },
  ...{ pulls: null, pull_sums: null, points: null, frozen_gen: null, not_merged: [], fits: null, starts: null },
});
