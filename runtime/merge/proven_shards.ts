import { FarmError } from "../../core/errors.ts";
import { mismatches } from "../../core/merge/prove.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { type AnyOutput, type ExportedShard, withToys } from "../../core/workload/workload.ts";
import { countedWorkload, proveCounts } from "./read_counts.ts";
import { readRunShard } from "./read_part.ts";
import type { RunOrder, RunSources } from "./sources.ts";

/** The shards that a merge would take, in toy order, and why it would not take the others. */
export interface ProvenShards {
  orders: RunOrder[];
  problems: Problem[];
}

/** Reads all shards of a run, of any workload, as a merge does; nothing but their names is kept. */
export function proveShards(sources: RunSources): ProvenShards {
  const { run: { manifest }, orders } = sources;
  const workload = countedWorkload(workloadOf(manifest));
  if (!workload) return proveToys(sources);
  const { sources: proven, problems } = proveCounts(sources, workload);
  const good = new Set(proven.map(({ origin: { shard_index } }) => shard_index));
  return { orders: orders.filter(({ plan }) => good.has(plan.shard_index)), problems };
}

/** Plans of a run cover each toy once (core/check_manifest.ts), so no toy can be in two shards. */
function proveToys({ context, orders }: RunSources): ProvenShards {
  const [frames, facts, problems]: [FrameReader, SourceFacts[], Problem[]] = [new FrameReader(), [], []];
  for (const order of orders) {
    const found = readRunShard(context, order);
    if ("problem" in found) problems.push(found.problem);
    else facts.push(frames.read(found.origin, withToys(found.output.output).frame));
  }
  const odd = mismatches(facts).map(({ source: { shard_index }, what }) => ({ shard_index, what }));
  const others = new Set([...problems, ...odd].map(({ shard_index }) => shard_index));
  return {
    orders: orders.filter(({ plan }) => !others.has(plan.shard_index)),
    problems: [...problems, ...odd],
  };
}

/** Reads proven shards, one after the other. @throws {FarmError} shards, where one is no longer as it was */
export function* readAgain(
  { context, run }: RunSources,
  orders: readonly RunOrder[],
): Generator<ExportedShard<AnyOutput>> {
  const settings = run.manifest.farm?.workload;
  for (const order of orders) {
    const found = readRunShard(context, order);
    if ("problem" in found) {
      throw new FarmError("shards", `Cannot read "${run.dir}" again: ${found.problem.what}`, "Rerun the command");
    }
    yield { plan: order.plan, output: found.output.output, host: found.origin.host, settings };
  }
}
