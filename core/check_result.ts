import { isFarmManifest } from "./check_manifest.ts";
import { FAILURES } from "./failure.ts";
import { isPiece, splitTotal } from "./fit_command.ts";
import type { ShardOutput } from "./output.ts";
import type { Cause } from "./schema/enums.ts";
import type { FarmManifest, Manifest, Plan } from "./schema/manifest.ts";
import type { OutputFrame } from "./schema/shard_output.ts";
import type { Metrics, ShardRecord } from "./schema/shard_record.ts";

type Frame = ShardOutput["frame"];

/** Returns which of an output's own members contradict each other, or null; needs no plan. */
export const selfFault = (output: ShardOutput): string | null => ownFrameFault(output.frame) ?? countFault(output);

function ownFrameFault({ gen, parameter_names, poi_index, results, shard }: Frame): string | null {
  if (gen.params.length !== parameter_names.length) {
    return `has ${gen.params.length} generation values for ${parameter_names.length} parameters`;
  }
  if (poi_index >= parameter_names.length) {
    return `says that its POI is number ${poi_index} of ${parameter_names.length} parameters`;
  }
  return shard ? splitFault(gen.n_toys, results.n_toys, shard) : null;
}

/** Checks nextstat's split rule: each shard gets n div k toys, the first n mod k shards one more. */
function splitFault(total: number, n_toys: number, shard: Shard): string | null {
  const { shard_index: i, shard_total: k, shard_start, shard_n_toys } = shard;
  if (i >= k) return `says that it is shard ${i} of ${k}`;
  const [base, longer] = [Math.floor(total / k), total % k];
  if (shard_n_toys !== n_toys) return `says that it holds ${shard_n_toys} toys, but has ${n_toys}`;
  const [start, count] = [i * base + Math.min(i, longer), base + (i < longer ? 1 : 0)];
  if (shard_start === start && n_toys === count) return null;
  return `says that it holds the toys from ${shard_start}, ${n_toys} of them; shard ${i}/${k} of ${total} has ${count} from ${start}`;
}

type Shard = NonNullable<Frame["shard"]>;

/**
 * Returns where an output differs from its plan, or null: count, start, seed, total, generation overrides. A manifest
 * of the old scripts has no farm record; members that it lacks are not compared.
 */
export const outputFault = (manifest: Manifest, plan: Plan, output: ShardOutput): string | null =>
  frameFault(manifest, plan, output.frame, () => countFault(output));

/** Returns the same for the frame of an output whose arrays are known to be complete. */
export function frameFault(
  manifest: Manifest,
  plan: Plan,
  frame: Frame,
  arraysFault: () => string | null = () => null,
): string | null {
  const { gen, results, shard } = frame;
  if (results.n_toys !== plan.n_toys) return `holds ${results.n_toys} toys, planned are ${plan.n_toys}`;
  const fault = ownFrameFault(frame) ?? arraysFault();
  if (fault !== null) return fault;
  const farm = isFarmManifest(manifest) ? manifest : undefined;
  const piece = farm ? isPiece(farm, plan) : shard === null || shard === undefined;
  if (piece) return pieceFault(plan, gen) ?? genFault(farm, gen);
  if (!shard) return "is of an unsharded run, planned is a shard of one";
  return shardFault(manifest, plan, gen, shard, farm) ?? genFault(farm, gen);
}

function pieceFault(plan: Plan, gen: Frame["gen"]): string | null {
  if (gen.seed !== plan.seed) return `starts at seed ${gen.seed}, planned is ${plan.seed}`;
  return gen.n_toys === plan.n_toys ? null : `is of ${gen.n_toys} toys, planned are ${plan.n_toys}`;
}

function shardFault(
  manifest: Manifest,
  plan: Plan,
  gen: Frame["gen"],
  shard: Shard,
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

function genFault(farm: FarmManifest | undefined, gen: Frame["gen"]): string | null {
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
  let [n_converged, n_error] = [0, 0];
  for (const one of converged) {
    if (one) n_converged++;
    else if (one === null) n_error++;
  }
  const counts = { n_converged, n_error, n_nonconverged: converged.length - n_converged - n_error };
  const wrong = (["n_converged", "n_nonconverged", "n_error"] as const).find((name) => counts[name] !== results[name]);
  return wrong ? `says ${wrong} ${results[wrong]}, but marks ${counts[wrong]} toys so` : null;
}

/** Returns why a committed record is not this run's record of this shard, or null. */
export function recordFault(manifest: FarmManifest, plan: Plan, record: ShardRecord): string | null {
  const { run_token, spec_sha256 } = manifest.farm;
  if (record.run_token !== run_token) {
    return `belongs to another run (token ${record.run_token}, this run's is ${run_token})`;
  }
  const fields = ["shard_index", "toy_start", "n_toys", "seed"] as const;
  const wrong = fields.find((field) => record[field] !== plan[field]);
  if (wrong) return `says ${wrong} ${record[wrong]}, planned is ${plan[wrong]}`;
  if (record.cause !== "ok") return `says that the shard ended with "${record.cause}"`;
  if (record.spec_sha256 !== spec_sha256) return "was made with another spec";
  return inputsFault(manifest, record);
}

function inputsFault(manifest: FarmManifest, record: ShardRecord): string | null {
  const theirs = new Map(record.inputs.map((input) => [input.path, input.sha256]));
  const changed = manifest.farm.inputs.find(({ path, sha256 }) => theirs.get(path) !== sha256);
  return changed ? `was made with another "${changed.path}"` : null;
}

/** nextstat's exit code after a failed guardrail on its own toys; output and metrics are complete (nextstat 0.10.1). */
const GUARDRAIL_EXIT = 1;

/** Returns whether a fit with this end can have left a result; its output decides. */
export function canHaveResult(cause: Cause, exit_code: number | null): boolean {
  return cause === "ok" || (exit_code === GUARDRAIL_EXIT && FAILURES[cause].is_by_exit);
}

/** Returns whether nextstat reports a failed guardrail on this output's toys. A run's are judged on the whole set. */
export const failedGuardrail = ({ guardrails }: Pick<OutputFrame, "guardrails">): boolean =>
  guardrails?.passed === false;

/** Returns whether a complete output counts although nextstat ended with an error: only a guardrail failed. */
export function isGuardrailEnd(
  cause: Cause,
  exit_code: number | null,
  failed_guardrail: boolean,
  metrics: Pick<Metrics, "status">,
): boolean {
  return cause !== "ok" && canHaveResult(cause, exit_code) && failed_guardrail && metrics.status.ok;
}
