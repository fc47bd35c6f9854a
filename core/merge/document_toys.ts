import { firstIssue } from "../first_issue.ts";
import { Merged, MergedFarm } from "../schema/merged.ts";
import type { OutputFrame } from "../schema/shard_output.ts";
import { joinRanges, overlaps, type SeedRange, sumToys } from "../toy_ranges.ts";
import type { MergedFacts } from "./merged_facts.ts";
import { hasPullGuardrail } from "./source_facts.ts";

/** Toys of an output, as the output itself states them. */
export interface DocumentToys {
  shard_index: number | null;
  toy_start: number;
  /** Seed of the first toy. */
  seed: number;
  n_toys: number;
  /** Toys in the order of the arrays, split by generation point. */
  pieces: ToyPiece[];
  /** All toys of the set to which this output belongs. */
  wanted: readonly SeedRange[];
  /** Null for an output that is not merged. */
  merged: MergedDocumentFacts | null;
}

interface ToyPiece extends SeedRange {
  poi_true: number;
}

/** Facts of a merged document that a shard's record has too. */
interface MergedDocumentFacts extends MergedFacts {
  source: Pick<MergedFarm, "spec_sha256" | "inputs" | "nextstat_version" | "nextstat_sha256">;
}

const GIVE_SHARDS = "give the outputs that it was made of";

/**
 * Returns the toys of an output: of a shard, a piece, an unsharded run, or a merged document of this program or the old
 * scripts. Returns a fault for an output that cannot prove which toys it has.
 */
export function documentToys(frame: OutputFrame): DocumentToys | { fault: string } {
  if (frame["merge"] !== undefined) return mergedToys(frame);
  if (frame["merged"] === true) return { fault: NEXTSTATS_MERGE };
  const { gen, shard, results: { n_toys, poi_true } } = frame;
  if (!shard && gen.n_toys !== n_toys) return { fault: holed(frame) };
  const toy_start = shard?.shard_start ?? 0;
  const seed = gen.seed + toy_start;
  return {
    shard_index: shard?.shard_index ?? null,
    toy_start,
    seed,
    n_toys,
    pieces: [{ seed, n_toys, poi_true }],
    wanted: [{ seed: gen.seed, n_toys: gen.n_toys }],
    merged: null,
  };
}

/** Why the output of nextstat's own merge proves nothing (facts/nextstat.md): it does not name its toys. */
export const NEXTSTATS_MERGE =
  `was merged by nextstat unbinned-merge-toys, which takes a set with a shard missing or doubled: ${GIVE_SHARDS}`;

const holed = ({ gen, results }: OutputFrame) =>
  `is of ${gen.n_toys} toys and holds ${results.n_toys}, and does not say which: ${GIVE_SHARDS}`;

function mergedToys(frame: OutputFrame): DocumentToys | { fault: string } {
  const document = Merged.safeParse(frame);
  if (!document.success) return { fault: `is a merge that cannot be read: ${firstIssue(document.error)}` };
  const { farm } = document.data.merge;
  if (farm === undefined) return oldScriptsToys(document.data);
  const parsed = MergedFarm.safeParse(farm);
  if (!parsed.success) return { fault: `has a merge.farm that cannot be read: ${firstIssue(parsed.error)}` };
  const fault = rangesFault(document.data, parsed.data) ?? olderFault(document.data, parsed.data);
  return fault === null ? ourToys(document.data, parsed.data) : { fault };
}

/** Reads a merge of the old scripts, which names the toys of each source. */
function oldScriptsToys(document: Merged): DocumentToys | { fault: string } {
  const { gen, results: { n_toys, poi_true }, merge } = document;
  let next = 0;
  for (const source of merge.sources.toSorted((a, b) => a.toy_start - b.toy_start)) {
    if (source.toy_start !== next) return { fault: `says that its sources do not follow each other: ${GIVE_SHARDS}` };
    next += source.n_toys;
  }
  if (gen.n_toys !== n_toys || next !== n_toys) return { fault: holed(document) };
  const ranges = [{ seed: gen.seed, n_toys }];
  const facts: MergedDocumentFacts = {
    seed_ranges: ranges,
    hosts: [...new Set(merge.sources.flatMap(({ host }) => host ?? []))].sort(),
    threads: [],
    run_tokens: [],
    nextstat_sha256s: [],
    pulls: guessPulls(document),
    pull_sums: null,
    points: null,
    frozen_gen: null,
    not_merged: [],
    fits: null,
    starts: null,
    source: {},
  };
  const pieces = [{ seed: gen.seed, n_toys, poi_true }];
  return { shard_index: null, toy_start: 0, seed: gen.seed, n_toys, pieces, wanted: ranges, merged: facts };
}

/** Guesses whether pulls were requested, which older merges do not record: nextstat computes pulls only on request. */
function guessPulls(frame: OutputFrame): boolean | null {
  if (hasPullGuardrail(frame) || (frame.summary?.["pull"] ?? null) !== null) return true;
  return frame.results.n_converged > 0 ? false : null;
}

function ourToys(document: Merged, farm: MergedFarm): DocumentToys {
  const { gen, results: { n_toys, poi_true } } = document;
  const { seed_ranges, missing, pulls = guessPulls(document), pull_sums = null, points = null } = farm;
  const pieces = points
    ? points.flatMap((point) => point.seed_ranges.map((range) => ({ ...range, poi_true: point.poi_true })))
    : seed_ranges.map((range) => ({ ...range, poi_true }));
  const seed = seed_ranges[0]?.seed ?? gen.seed;
  const { hosts, threads, run_tokens, frozen_gen = null, not_merged, nextstat_sha256, fits = null } = farm;
  const nextstat_sha256s = farm.nextstat_sha256s ?? (nextstat_sha256 ? [nextstat_sha256] : []);
  return {
    shard_index: null,
    toy_start: seed - gen.seed,
    seed,
    n_toys,
    pieces: pieces.sort((a, b) => a.seed - b.seed),
    wanted: [...seed_ranges, ...missing],
    merged: {
      ...{ seed_ranges, hosts, threads, run_tokens, nextstat_sha256s, pulls, pull_sums, points, frozen_gen },
      not_merged: Object.keys(not_merged),
      fits,
      starts: farm.starts ?? null,
      source: farm,
    },
  };
}

/** Returns which statement the ranges of a merge contradict, or null. */
function rangesFault({ results, parameter_names }: Merged, farm: MergedFarm): string | null {
  const { seed_ranges, missing, points, pull_sums } = farm;
  const isOne = (ranges: readonly SeedRange[], other: readonly SeedRange[]) =>
    JSON.stringify(joinRanges(ranges).map(({ seed, n_toys }) => [seed, n_toys])) ===
      JSON.stringify(other.map(({ seed, n_toys }) => [seed, n_toys]));
  if (!isOne(seed_ranges, seed_ranges) || sumToys(seed_ranges) !== results.n_toys) {
    return `holds ${results.n_toys} toys, and its merge.farm.seed_ranges are of ${sumToys(seed_ranges)}`;
  }
  if (overlaps([...seed_ranges, ...missing]).length > 0) return "says that toys are missing which it holds";
  const toys = points?.flatMap((point) => point.seed_ranges);
  if (toys && (overlaps(toys).length > 0 || !isOne(toys, seed_ranges))) {
    return "does not say of each toy once where it was generated (merge.farm.points)";
  }
  const short = [pull_sums ?? [], ...points?.map(({ params }) => params) ?? []]
    .some(({ length }) => length > 0 && length !== parameter_names.length);
  return short ? `has values in merge.farm that are not of ${parameter_names.length} parameters` : null;
}

/** Returns why a merge of an older version, which took any merged document as one range, is inconsistent; or null. */
function olderFault({ merge }: Merged, { pulls, gen_spread }: MergedFarm): string | null {
  if (pulls !== undefined) return null;
  const older = "was merged by an older version of this program";
  if (merge.manifest === null && merge.sources.some(({ shard_index }) => shard_index === null)) {
    return `${older} from outputs of which it does not say which toys they held: ${GIVE_SHARDS}`;
  }
  if (gen_spread) {
    return `${older}, and does not say which of its toys were generated where: ${GIVE_SHARDS}`;
  }
  return null;
}
