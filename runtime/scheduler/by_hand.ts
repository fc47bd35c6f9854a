import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { WAITING } from "../../core/shard_states.ts";
import type { Handle, NativeState, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { listAttempts } from "../shard/attempts.ts";
import { shardsWithFiles } from "../shard/list_run.ts";
import { queryLimits, runCommand } from "./drive.ts";

const IN_QUEUE: ReadonlySet<ShardState> = new Set(["running", ...WAITING]);

/** Seconds for the search, which few runs need: a scheduler that hangs delays no command by more than that. */
const MAX_SEARCH_S = 10;

/** A job that a user has submitted by hand, with the state of each shard that waits for it or runs in it. */
interface JobByHand {
  job_id: string;
  shards: Map<number, NativeState>;
}

/** Returns words for a job that no command of nsfarm-deno has submitted, and so none steers. */
export const byHandWords = (scheduler: string, job_id: string): string =>
  `${scheduler} job ${job_id}, submitted by hand,`;

/**
 * Returns the job of a run that was submitted by hand (`sbatch`) and waits or runs: the job files of a run have its
 * token. Null: there is none, or the scheduler does not answer.
 * @param context of all shards, as the job files were rendered
 * @param given shards of submissions, which are not looked for
 * @param query queries the scheduler about one submission
 */
export async function findByHand(
  { dir, manifest: { farm: { run_token, pilots } } }: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  context: RenderContext,
  given: ReadonlySet<number>,
  query: (handle: Handle) => Promise<NativeState[]>,
): Promise<JobByHand | null> {
  const recorded = shardsWithFiles(dir);
  const open = new Set(context.shards.filter((shard) => !given.has(shard) && !recorded.has(shard)));
  if (open.size === 0) return null;
  const search = adapter.find(context, run_token);
  const timeout_s = Math.min(search.timeout_s, MAX_SEARCH_S);
  const found = adapter.readFind(await runCommand(adapter, { ...search, timeout_s }, dir), run_token);
  if (found.kind !== "ok" || found.value === null) return null;
  const job_id = found.value;
  const { chunks } = adapter.render({ ...context, limits: await queryLimits(adapter) });
  const [chunk = { index: 0, shards: context.shards }] = chunks;
  const states = (await query({ job_id, token: run_token, chunk })).filter(({ state }) => IN_QUEUE.has(state));
  const [any] = states;
  if (any === undefined) return null;
  // Of several arrays it is not known which one was submitted, and a pilot may run any shard.
  const isKnown = chunks.length === 1 && pilots === null && any.shard !== null;
  const begun = isKnown ? new Map() : listAttempts(dir);
  const all = isKnown ? states : [...open].filter((shard) => !begun.has(shard)).map((shard) => ({ ...any, shard }));
  const shards = new Map<number, NativeState>();
  for (const one of all) {
    const state = isKnown && one.state === "running" ? one.state : "queued";
    const reason = `job ${job_id}, submitted by hand${one.reason === null ? "" : `: ${one.reason}`}`;
    if (one.shard !== null && open.has(one.shard)) shards.set(one.shard, { ...one, state, reason });
  }
  return { job_id, shards };
}
