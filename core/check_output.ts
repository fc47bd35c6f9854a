import type { FarmManifest, Manifest, Plan } from "./contracts/manifest.ts";
import { isPiece, splitTotal } from "./fit_command.ts";
import type { ShardOutput } from "./read_output.ts";

/**
 * What makes an output not the one that was planned, or null: count, start, seed, total, generation overrides.
 * A manifest of the old scripts has no farm record; then what it does not say is not compared.
 */
export function outputFault(manifest: Manifest, plan: Plan, output: ShardOutput): string | null {
  const { gen, results, shard } = output.frame;
  if (results.n_toys !== plan.n_toys) return `holds ${results.n_toys} toys, planned are ${plan.n_toys}`;
  if (countFault(output)) return countFault(output);
  const farm = isFarm(manifest) ? manifest : undefined;
  const piece = farm ? isPiece(farm, plan) : shard === null || shard === undefined;
  if (piece) return pieceFault(plan, gen) ?? genFault(farm, output);
  if (!shard) return "is of an unsharded run, planned is a shard of one";
  return shardFault(manifest, plan, gen, shard, farm) ?? genFault(farm, output);
}

function isFarm(manifest: Manifest): manifest is FarmManifest {
  return manifest.farm !== undefined && manifest.shards !== undefined;
}

function pieceFault(plan: Plan, gen: ShardOutput["frame"]["gen"]): string | null {
  if (gen.seed !== plan.seed) return `starts at seed ${gen.seed}, planned is ${plan.seed}`;
  return gen.n_toys === plan.n_toys ? null : `is of ${gen.n_toys} toys, planned are ${plan.n_toys}`;
}

function shardFault(
  manifest: Manifest,
  plan: Plan,
  gen: ShardOutput["frame"]["gen"],
  shard: NonNullable<ShardOutput["frame"]["shard"]>,
  farm: FarmManifest | undefined,
): string | null {
  const total = farm ? splitTotal(farm) : manifest.n_toys;
  const shards = farm ? farm.shards : manifest.shards ?? manifest.plans.length;
  if (shard.shard_index !== plan.shard_index) return `is of shard ${shard.shard_index}, planned is ${plan.shard_index}`;
  if (shard.shard_total !== shards) return `is of ${shard.shard_total} shards, planned are ${shards}`;
  if (shard.shard_start !== plan.toy_start) return `starts at toy ${shard.shard_start}, planned is ${plan.toy_start}`;
  if (gen.seed !== manifest.seed) return `has run seed ${gen.seed}, planned is ${manifest.seed}`;
  return gen.n_toys === total ? null : `is of a run of ${gen.n_toys} toys, planned are ${total}`;
}

function genFault(farm: FarmManifest | undefined, { frame: { gen, parameter_names } }: ShardOutput): string | null {
  if (gen.params.length !== parameter_names.length) {
    return `has ${gen.params.length} generation values for ${parameter_names.length} parameters`;
  }
  if (!farm) return null;
  const { frozen_gen, set } = farm.farm;
  const point = frozen_gen ? "init" : farm.farm.gen;
  if (gen.point !== point) return `was generated at "${gen.point}", planned is "${point}"`;
  return overridesFault({ ...frozen_gen, ...set }, gen.overrides);
}

function overridesFault(wanted: Record<string, number>, found: Record<string, number>): string | null {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  for (const name of names) {
    const [want, have] = [valueOf(wanted, name), valueOf(found, name)];
    if (want !== have) return `was generated with ${name} = ${have ?? "as it is"}, planned is ${want ?? "as it is"}`;
  }
  return null;
}

const valueOf = (values: Record<string, number>, name: string) =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function countFault({ frame: { results }, converged }: ShardOutput): string | null {
  const n = converged.reduce((sum, one) => sum + (one ? 1 : 0), 0);
  return n === results.n_converged ? null : `says ${results.n_converged} toys converged, but marks ${n}`;
}
