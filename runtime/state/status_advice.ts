import { ADVICE } from "../../core/advice.ts";
import { uncutPlan } from "../../core/check_manifest.ts";
import type { FaultyNode } from "../../core/faulty_nodes.ts";
import { plural } from "../../core/format.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { isEnded, NOT_ANSWERED, NOT_SUBMITTED } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { fullDiskAdvice } from "../fs/refuse_out.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions, refusalOf, twiceQueued } from "../run/submissions.ts";
import type { ScannedShard } from "./scan.ts";

/** What advice on a run depends on. */
interface Situation {
  scanned: readonly ScannedShard[];
  /** Shards of which isOrphan() is true, while no worker loop works on the run. */
  orphans: readonly ScannedShard[];
  faulty: readonly FaultyNode[];
  /** Whether a worker loop works on the run. */
  isWorking: boolean;
  isPaused: boolean;
}

/** Returns the commands and actions that help a run which is not whole, a line each. */
export function adviceOn(
  run: Run<FarmManifest>,
  adapter: Backend,
  { scanned, orphans, faulty, isWorking, isPaused }: Situation,
): string[] {
  return [
    ...uncutAdvice(run, isWorking),
    ...(isWorking || isPaused ? [] : submitAdvice(run, scanned.filter(({ plan }) => !plan.farm?.uncut))),
    ...orphanAdvice(run, orphans),
    ...twiceQueued(ownSubmissions(run)),
    ...fullDiskAdvice(run.dir),
    ...faulty.map((one) => faultyAdvice(run, one, adapter)),
  ];
}

/** Returns whether a shard was started on a host behind ssh and may still run there: the loop that followed it is gone. */
export const isOrphan = ({ state, last }: ScannedShard): boolean => state === "unknown" && last?.remote !== undefined;

function orphanAdvice({ dir }: Run<FarmManifest>, orphans: readonly ScannedShard[]): string[] {
  if (orphans.length === 0) return [];
  const hosts = [...new Set(orphans.map(({ host }) => host))].join(", ");
  const what = `${plural(orphans.length, "shard")} may still run on ${hosts}, but no process follows them`;
  const word = quoteWord(dir);
  return [`${what}; continue with: nsfarm-deno retry ${word}, or stop them with: nsfarm-deno cancel ${word}`];
}

/** Returns what becomes of toys that are not in shards yet (--shard-minutes). */
function uncutAdvice({ dir, manifest }: Run<FarmManifest>, isWorking: boolean): string[] {
  const rest = uncutPlan(manifest);
  if (!rest) return [];
  const by = isWorking ? "" : `, by the waiting command or by: nsfarm-deno retry ${quoteWord(dir)} --wait`;
  return [`${plural(rest.n_toys, "toy")} are not in shards yet: they are cut when the probes have ended${by}`];
}

/** Returns advice on shards that were not submitted, or perhaps not, with the scheduler's reason for a refusal. */
function submitAdvice(run: Run<FarmManifest>, scanned: readonly ScannedShard[]): string[] {
  const submit = `nsfarm-deno submit ${quoteWord(run.dir)}`;
  if (scanned.some((one) => one.why === NOT_ANSWERED)) return [`${ADVICE.unanswered}: ${submit}`];
  if (!scanned.some((one) => one.why === NOT_SUBMITTED)) return [];
  // Ended shards need `retry`, which submits the others too.
  if (scanned.some(({ state }) => isEnded(state))) {
    return [`no process works on the run; continue with: nsfarm-deno retry ${quoteWord(run.dir)}`];
  }
  const refusal = refusalOf(run);
  if (refusal === null) return [`submit the remaining shards with: ${submit}`];
  return [`the last submission was refused: ${refusal}`, `${ADVICE.refused}: ${submit}`];
}

function faultyAdvice({ dir, manifest }: Run<FarmManifest>, { node, what }: FaultyNode, adapter: Backend): string {
  const flag = adapter.avoiding?.(manifest.farm.options, node);
  const how = flag ? `to avoid it: nsfarm-deno retry ${quoteWord(dir)} ${flag}` : "check that node";
  return `node ${node} is at fault: ${what}; ${how}`;
}
