import { join } from "node:path";
import * as z from "../../core/schema/zod.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import { type Json, jsonParts } from "../../core/merge/json_text.ts";
import { hostsOf, programsOf, rangesOf, sourceThreads, tokensOf } from "../../core/merge/source_facts.ts";
import { MERGED } from "../../core/run_paths.ts";
import { CountedFarm } from "../../core/schema/counted.ts";
import type { MergeReport } from "../../core/schema/merge_report.ts";
import { joinRanges } from "../../core/toy_ranges.ts";
import type { AddedUp } from "../../core/workload/workload.ts";
import { decodeText, MAX_TEXT_BYTES, readRegular } from "../fs/read.ts";
import { type FileSum, writeStreamed } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { DISTRIBUTIONS } from "../system/distributions.ts";
import { type MergeMoment, timesOf, wholeOf } from "./merged_set.ts";
import { type CountedProof, type CountedWorkload, proveCounts } from "./read_counts.ts";
import { runSources, type Sources } from "./sources.ts";

/** Merges outputs that are counts. The report lists the problems of the set. */
export async function mergeCounted(
  sources: Sources,
  workload: CountedWorkload,
  { out, allow_partial }: { out: string; allow_partial: boolean },
  moment: MergeMoment,
): Promise<{ report: MergeReport; sum: FileSum | null; proof: CountedProof }> {
  const proof = proveCounts(sources, workload);
  const is_good = proof.problems.length === 0 || (allow_partial && !proof.has_twice);
  const added = is_good && proof.sources.length > 0 ? addUp(sources, workload, proof) : null;
  const text = added && documentText(sources, workload, proof, added, moment);
  const sum = text === null
    ? null
    : await writeStreamed(out, (write) => write(new TextEncoder().encode(text)), undefined);
  return { report: reportOf(sources, proof, added, added && out, sum), sum, proof };
}

const addUp = ({ run }: Sources, { merge }: CountedWorkload, { sources }: CountedProof): AddedUp =>
  merge.addUp(sources.map(({ output }) => output), run?.manifest.farm?.workload, DISTRIBUTIONS);

const Unrecorded = z.looseObject({ merge: z.looseObject({ farm: z.pick(CountedFarm, { unrecorded: true }) }) });

/**
 * Adds up the shards again and returns how merged.out.json differs, or null. Dates, versions and paths may differ.
 * @throws {SyntaxError}
 */
export function countsFault({ dir, manifest_path }: Run, workload: CountedWorkload): string | null {
  const written = decodeText(readRegular(join(dir, MERGED), MAX_TEXT_BYTES));
  const { data } = Unrecorded.safeParse(JSON.parse(written));
  const sources = runSources(manifest_path, (data?.merge.farm.unrecorded ?? []).length > 0);
  const proof = proveCounts(sources, workload);
  if (proof.sources.length === 0) return "has toys, though no shard is valid";
  const added = addUp(sources, workload, proof);
  const wanted = documentText(sources, workload, proof, added, { now_utc: "", nsfarm_version: "" });
  return unmoved(written) === unmoved(wanted) ? null : "differs from the sum of its shards";
}

/** Names of members that tell of when and where a document was written. */
const OF_MOMENT = new Set(["created_at_utc", "nsfarm_version", "path"]);

const unmoved = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value: unknown) => OF_MOMENT.has(key) ? undefined : value);

function documentText(
  { run }: Sources,
  workload: CountedWorkload,
  proof: CountedProof,
  added: AddedUp,
  moment: MergeMoment,
): string {
  const merge: Json = {
    schema_version: workload.merge.schema,
    created_at_utc: moment.now_utc,
    n_shards: proof.sources.length,
    sources: proof.sources.map(({ origin: { shard_index, host, toy_start, n_toys, path } }) => ({
      shard_index,
      host,
      toy_start,
      n_toys,
      path,
    })),
    manifest: run && { run_id: run.manifest.run_id, path: run.manifest_path },
    farm: { ...farmJson(run, workload.name, proof, moment), ...added.farm },
  };
  return `${jsonParts({ ...added.document, merge }).join("")}\n`;
}

function farmJson(
  run: Run | null,
  workload: string,
  { sources, problems, missing }: CountedProof,
  moment: MergeMoment,
): { [key: string]: Json } {
  const farm = run?.manifest.farm;
  const origins = sources.map(({ origin }) => origin);
  const inputs = farm?.inputs ?? origins.find((one) => one.inputs)?.inputs ?? null;
  const without_record = run ? origins.filter(({ run_token }) => run_token === null) : [];
  const unrecorded = without_record.flatMap(({ shard_index }) => shard_index ?? []);
  return {
    workload,
    nsfarm_version: moment.nsfarm_version,
    run_tokens: farm?.run_token ? [farm.run_token] : distinct(origins.flatMap(tokensOf)),
    nextstat_version: distinct(origins.map(({ nextstat_version }) => nextstat_version))[0] ?? null,
    nextstat_sha256s: distinct(origins.flatMap(programsOf)),
    spec_sha256: farm?.spec_sha256 ?? distinct(origins.map(({ spec_sha256 }) => spec_sha256))[0] ?? null,
    inputs: inputs && inputs.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    hosts: distinct(origins.flatMap(hostsOf)),
    threads: [...new Set(origins.flatMap(sourceThreads))].sort((a, b) => a - b),
    partial: missing.length > 0,
    missing: missing.map(({ toy_start, n_toys, seed }) => ({ toy_start, n_toys, seed })),
    left_out: problems.map(({ what }) => what),
    ...(unrecorded.length > 0 ? { unrecorded } : {}),
    seed_ranges: joinRanges(origins.flatMap(rangesOf)).map((range) => ({ ...range })),
  };
}

const distinct = (values: readonly (string | null)[]): string[] =>
  [...new Set(values.filter((value) => value !== null))].sort();

function reportOf(
  sources: Sources,
  proof: CountedProof,
  added: AddedUp | null,
  merged: string | null,
  sum: FileSum | null,
): MergeReport {
  const { problems, missing, wanted } = proof;
  const used = added ? proof.sources : [];
  const total = (name: "n_toys" | "n_converged" | "n_error" | "n_nonconverged") =>
    used.reduce((all, { output }) => all + ("frame" in output ? 0 : output[name]), 0);
  return {
    merged,
    merged_sha256: sum?.sha256 ?? null,
    merge_status: null,
    run_id: sources.run?.manifest.run_id ?? null,
    partial: added !== null && problems.length > 0,
    n_shards: sources.n_sources,
    n_shards_merged: used.length,
    n_toys: wholeOf(wanted).n_toys,
    n_toys_merged: total("n_toys"),
    n_converged: total("n_converged"),
    n_nonconverged: total("n_nonconverged"),
    n_error: total("n_error"),
    ...NO_VALUES,
    nextstat_sha256s: distinct(used.flatMap(({ origin }) => programsOf(origin))),
    missing: missing.map((range) => ({ ...range })),
    guardrails: null,
    fits: null,
    ...(added ? { result: added.lines } : {}),
    problems,
    times: timesOf(sources, proof.sources.map(({ origin }) => origin)),
    notes: [],
    exit_code: added ? EXIT_CODES.done : EXIT_CODES.shards,
  };
}

/** Members of the report that only toys with values have. */
const NO_VALUES = {
  ...{ mean: null, std: null, q16: null, q50: null, q84: null, pull_mean: null, pull_std: null },
  gen_spread: null,
};

/** Returns what outputs that were named one by one do not prove, in lines for a person. */
export function unprovenNotes({ run }: Sources, { sources }: CountedProof): string[] {
  if (run) return [];
  const single = sources.filter(({ origin }) => origin.merged === null);
  const bare = single.filter(({ origin }) => origin.run_token === null);
  const [of_single, of_bare] = [single, bare].map(({ length }) => `not proven for ${plural(length, "output")}`);
  return [
    ...(single.length === 0
      ? []
      : [`${of_single}: that no shard of the same run is missing (nextstat does not write how many toys it has)`]),
    ...(bare.length === 0 ? [] : [`${of_bare} without a record: the same spec and the same nextstat`]),
  ];
}
