import type { Problem } from "../../core/contracts/merge_status.ts";
import { rangeText } from "../../core/format.ts";
import type { WayOut } from "../../core/merge/merge_report.ts";
import { doubles, oddOnes } from "../../core/merge/prove_set.ts";
import { rangesOf } from "../../core/merge/source_facts.ts";
import { type MissingToys, missingToys, type SeedRange } from "../../core/merge/toy_ranges.ts";
import { readAll, type ReadOptions, type ReadSet } from "./read_all.ts";
import type { Sources } from "./open_sources.ts";

/** Outputs that were read, and what keeps them from being the whole set. */
export interface Proof {
  read: ReadSet;
  /** Nothing: the set is proven. */
  problems: Problem[];
  missing: MissingToys[];
  /** Whether what was read may be merged where a partial set is allowed. */
  is_mergeable: boolean;
  /** What merges what was read, where problems keep it from being the whole set; null: nothing does. */
  way_out: WayOut | null;
}

/**
 * Reads all outputs and proves that they are one whole set.
 * @param allow_partial leave out what does not fit to the rest
 */
export async function prove(sources: Sources, allow_partial: boolean, options: ReadOptions): Promise<Proof> {
  const first = await readAll(sources, options);
  const odd = oddOnes(first.facts);
  if (odd.length === 0 || !allow_partial) return proofOf(sources, first);
  first.close();
  const left_out = new Map(odd.map(({ source, what }) => [source.path, what]));
  return proofOf(sources, await readAll(sources, { ...options, left_out }));
}

/** What read outputs prove. */
export function proofOf({ wanted, run }: Sources, read: ReadSet): Proof {
  const odd = oddOnes(read.facts).map(({ source, what }) => ({ shard_index: source.shard_index, what }));
  const twice = doubles(read.facts);
  const missing = missingToys(wanted, read.facts.flatMap(rangesOf));
  const problems = [...read.problems, ...odd, ...twice];
  if (missing.length > 0 && (problems.length === 0 || !run)) problems.push(missingProblem(missing));
  const way_out = twice.length > 0 ? "once" : read.facts.length > 0 ? "partial" : null;
  const is_mergeable = odd.length === 0 && way_out === "partial";
  return { read, problems, missing, is_mergeable, way_out };
}

function missingProblem(missing: readonly SeedRange[]): Problem {
  const ranges = missing.map(({ seed, n_toys }) => rangeText(seed, seed + n_toys - 1));
  return { shard_index: null, what: `the toys with the seeds ${ranges.join(", ")} are in none of the outputs` };
}
