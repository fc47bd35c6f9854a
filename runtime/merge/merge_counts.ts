import { join } from "node:path";
import { attemptTime } from "../../core/attempt_time.ts";
import { livePlans } from "../../core/check_manifest.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { type Json, jsonParts } from "../../core/merge/json_text.ts";
import { MERGED, outName } from "../../core/run_paths.ts";
import { runTimes } from "../../core/run_times.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { MergeReport, Problem } from "../../core/schema/merge_report.ts";
import { joinRanges, type MissingToys, missingToys } from "../../core/toy_ranges.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import type { AddedUp, AnyOutput, CountedShard, Workload } from "../../core/workload/workload.ts";
import { type FileSum, writeStreamed } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { decodeText, readRegular } from "../fs/read.ts";
import { evidenceFault, readRecord, readShard } from "../shard/read.ts";
import { readRecords, timeFacts } from "../shard/run_records.ts";
import { DISTRIBUTIONS } from "../system/distributions.ts";
import type { MergeMoment } from "./merged_set.ts";

type FarmRun = Run<FarmManifest>;
type Shard = CountedShard<AnyOutput>;
type CountedWay = NonNullable<Workload["merge"]>;

/** Shards of a run whose outputs are counts, and what keeps them from being the whole set. */
interface CountedProof {
  /** In toy order. */
  shards: Shard[];
  problems: Problem[];
}

/** Reads all shards of a run whose outputs are counts, and proves that they can be added up. */
export function proveCounts({ dir, manifest }: FarmRun, way: CountedWay): CountedProof {
  const [shards, problems]: [Shard[], Problem[]] = [[], []];
  for (const plan of livePlans(manifest).sort((a, b) => a.toy_start - b.toy_start)) {
    const found = readShard(dir, manifest, plan, readRecord);
    if (found.kind === "done") shards.push({ plan, output: found.output.output, record: found.metrics.farm });
    else problems.push({ shard_index: plan.shard_index, what: evidenceFault(found) ?? absentText(found.kind, plan) });
  }
  const odd = oddShards(shards, way);
  return { shards: shards.filter(({ plan }) => !odd.has(plan.shard_index)), problems: [...problems, ...odd.values()] };
}

const absentText = (kind: string, { shard_index }: Plan): string =>
  `${outName(shard_index)} ${kind === "absent" ? "is not there" : "has no record yet"}`;

/** Returns the shards that differ from most others, by index. */
function oddShards(shards: readonly Shard[], way: CountedWay): Map<number, Problem> {
  const usual = usualShard(shards, way);
  return new Map(shards.flatMap((one) => {
    const what = usual && difference(one, usual, way);
    const { shard_index } = one.plan;
    return what ? [[shard_index, { shard_index, what: `${outName(shard_index)} ${what}` }] as const] : [];
  }));
}

/** Returns one of the shards that agree with each other, if those are more than half (Boyer and Moore's vote, 1981). */
function usualShard(shards: readonly Shard[], way: CountedWay): Shard | undefined {
  let [candidate, votes]: [Shard | undefined, number] = [undefined, 0];
  for (const shard of shards) {
    if (candidate === undefined || votes === 0) [candidate, votes] = [shard, 1];
    else votes += difference(shard, candidate, way) === null ? 1 : -1;
  }
  return candidate;
}

function difference({ output, record }: Shard, usual: Shard, way: CountedWay): string | null {
  const [version, most] = [record.nextstat_version, usual.record.nextstat_version];
  if (version !== most) return `is of nextstat ${version}, most are of ${most}`;
  const is_same = record.host === usual.record.host && record.threads === usual.record.threads;
  return way.mismatch(output, usual.output, is_same ? "same" : "other");
}

/** Options of a merge that are of interest here. */
interface CountedOptions {
  out: string;
  allow_partial: boolean;
}

/** Merges a run whose outputs are counts. Its report lists the problems of the set. */
export async function mergeCounted(
  run: FarmRun,
  way: CountedWay,
  { out, allow_partial }: CountedOptions,
  moment: MergeMoment,
): Promise<{ report: MergeReport; sum: FileSum | null }> {
  const proof = proveCounts(run, way);
  const is_good = proof.shards.length > 0 && (proof.problems.length === 0 || allow_partial);
  const added = is_good ? way.addUp(proof.shards, run.manifest, DISTRIBUTIONS) : null;
  const text = added && documentText(run, way, proof, added, moment);
  const sum = text === null
    ? null
    : await writeStreamed(out, (write) => write(new TextEncoder().encode(text)), undefined);
  return { report: reportOf(run, proof, added, added && out, sum), sum };
}

/**
 * Adds up the shards again and returns how merged.out.json differs, or null. Dates, versions and paths may differ.
 * @throws {SyntaxError}
 */
export function countsFault(run: FarmRun, way: CountedWay): string | null {
  const proof = proveCounts(run, way);
  if (proof.shards.length === 0) return "has toys, though no shard is valid";
  const added = way.addUp(proof.shards, run.manifest, DISTRIBUTIONS);
  const wanted = documentText(run, way, proof, added, { now_utc: "", nsfarm_version: "" });
  const written = decodeText(readRegular(join(run.dir, MERGED), MAX_BYTES));
  return unmoved(written) === unmoved(wanted) ? null : "differs from the sum of its shards";
}

/** Size above which no merged document of counts is read: its sources have about 200 bytes each. */
const MAX_BYTES = 480 * 1024 * 1024;

/** Names of members that tell of when and where a document was written. */
const OF_MOMENT = new Set(["created_at_utc", "nsfarm_version", "path"]);

const unmoved = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value: unknown) => OF_MOMENT.has(key) ? undefined : value);

function documentText(run: FarmRun, way: CountedWay, proof: CountedProof, added: AddedUp, moment: MergeMoment): string {
  const merge: Json = {
    schema_version: way.schema,
    created_at_utc: moment.now_utc,
    n_shards: proof.shards.length,
    sources: proof.shards.map(({ plan: { shard_index, toy_start, n_toys }, record }) => ({
      shard_index,
      host: record.host,
      toy_start,
      n_toys,
      path: join(run.dir, outName(shard_index)),
    })),
    manifest: { run_id: run.manifest.run_id, path: run.manifest_path },
    farm: { ...farmJson(run.manifest, proof, moment), ...added.farm },
  };
  return `${jsonParts({ ...added.document, merge }).join("")}\n`;
}

function farmJson(
  manifest: FarmManifest,
  { shards, problems }: CountedProof,
  moment: MergeMoment,
): { [key: string]: Json } {
  const { farm } = manifest;
  const records = shards.map(({ record }) => record);
  const missing = missingOf(manifest, shards);
  return {
    workload: workloadOf(manifest).name,
    nsfarm_version: moment.nsfarm_version,
    run_tokens: [farm.run_token],
    nextstat_version: records[0]?.nextstat_version ?? null,
    nextstat_sha256s: distinct(records.map(({ nextstat_sha256 }) => nextstat_sha256)),
    spec_sha256: farm.spec_sha256,
    inputs: farm.inputs.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    hosts: distinct(records.map(({ host }) => host)),
    threads: [...new Set(records.flatMap(({ threads }) => threads ?? []))].sort((a, b) => a - b),
    partial: missing.length > 0,
    missing: missing.map(({ toy_start, n_toys, seed }) => ({ toy_start, n_toys, seed })),
    left_out: problems.map(({ what }) => what),
    seed_ranges: joinRanges(shards.map(({ plan }) => plan)).map((range) => ({ ...range })),
  };
}

const distinct = (values: readonly (string | null)[]): string[] =>
  [...new Set(values.filter((value) => value !== null))].sort();

const missingOf = ({ plans }: FarmManifest, shards: readonly Shard[]): MissingToys[] =>
  missingToys(livePlans({ plans }), shards.map(({ plan }) => plan));

function reportOf(
  run: FarmRun,
  { shards, problems }: CountedProof,
  added: AddedUp | null,
  merged: string | null,
  sum: FileSum | null,
): MergeReport {
  const used = added ? shards : [];
  const total = (name: "n_converged" | "n_error" | "n_nonconverged") =>
    used.reduce((all, { output }) => all + ("frame" in output ? 0 : output[name]), 0);
  const times = runTimes(timeFacts(shards.map(({ record }) => attemptTime(record)), [], readRecords(run)));
  return {
    merged,
    merged_sha256: sum?.sha256 ?? null,
    merge_status: null,
    run_id: run.manifest.run_id,
    partial: added !== null && problems.length > 0,
    n_shards: livePlans(run.manifest).length,
    n_shards_merged: used.length,
    n_toys: run.manifest.n_toys,
    n_toys_merged: used.reduce((all, { plan }) => all + plan.n_toys, 0),
    n_converged: total("n_converged"),
    n_nonconverged: total("n_nonconverged"),
    n_error: total("n_error"),
    ...NO_VALUES,
    nextstat_sha256s: distinct(used.map(({ record }) => record.nextstat_sha256)),
    missing: missingOf(run.manifest, shards).map((range) => ({ ...range })),
    guardrails: null,
    fits: null,
    ...(added ? { result: added.lines } : {}),
    problems,
    times,
    notes: [],
    exit_code: added ? EXIT_CODES.done : EXIT_CODES.shards,
  };
}

/** Members of the report that only toys with values have. */
const NO_VALUES = {
  ...{ mean: null, std: null, q16: null, q50: null, q84: null, pull_mean: null, pull_std: null },
  gen_spread: null,
};
