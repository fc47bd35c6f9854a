import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { Submission } from "../core/contracts/submit_meta.ts";
import type { Answer, Handle, NativeState, RenderContext, SchedulerAdapter } from "../schedulers/adapter.ts";
import { runCommands } from "./drive_adapter.ts";
import type { Run } from "./load_manifest.ts";
import { ownBinary } from "./own_program.ts";
import { readSubmissions } from "./submissions.ts";

export interface AskedShard {
  native: NativeState | null;
  /** Seconds since the scheduler was first seen not to know it; null: it knows it. */
  absent_s: number | null;
}

/** What a scheduler said of all shards that it was given. */
export interface AskedScheduler {
  reached: boolean;
  /** Why it could not be asked. */
  message: string | null;
  shards: Map<number, AskedShard>;
  grace_s: number;
}

/** How many rounds an adapter may ask for: the queue, then history. */
const MAX_ROUNDS = 3;

export function renderContext(run: Run<FarmManifest>, shards: number[]): RenderContext {
  const { manifest, dir } = run;
  return {
    manifest,
    run_dir: dir,
    nsfarm: manifest.farm.nsfarm_bin ?? ownBinary(),
    options: manifest.farm.options,
    limits: {},
    shards,
  };
}

/** Submissions that may still have jobs: the last one of each shard counts. */
export function handlesOf(submissions: Submission[]): Handle[] {
  return submissions.flatMap(({ job_id, token, shards, state }, index) =>
    job_id === null || state === "refused" ? [] : [{ job_id, token, chunk: { index, shards } }]
  );
}

/** Asks a scheduler for all jobs of a run in as few calls as its adapter needs. */
export async function askScheduler(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  grace_s: number,
  absent_since: Map<number, number> = new Map(),
): Promise<AskedScheduler> {
  const submissions = readSubmissions(run.dir);
  const handles = handlesOf(submissions);
  const answer = await queryRounds(run, adapter, handles);
  const given = new Set(submissions.filter((one) => one.state !== "refused").flatMap((one) => one.shards));
  if (answer.kind !== "ok") {
    const shards = new Map([...given].map((shard) => [shard, { native: null, absent_s: null }]));
    return { reached: false, message: answer.message, shards, grace_s };
  }
  return { reached: true, message: null, shards: lastStates(answer.value, given, submissions, absent_since), grace_s };
}

async function queryRounds(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  handles: Handle[],
): Promise<Answer<NativeState[]>> {
  const found: NativeState[] = [];
  const context = renderContext(run, []);
  for (let round = 0, missing = handles; round < MAX_ROUNDS && missing.length > 0; round++) {
    const commands = adapter.query(context, missing, round);
    if (commands.length === 0) break;
    const answer = adapter.readQuery(await runCommands(adapter, commands, run.dir), missing, round);
    if (answer.kind !== "ok") return answer;
    found.push(...answer.value);
    missing = missing.filter((handle) => !isComplete(handle, found));
  }
  return { kind: "ok", value: found };
}

function isComplete(handle: Handle, found: NativeState[]): boolean {
  const told = new Set(found.filter((one) => one.token === handle.token).map((one) => one.shard));
  return told.has(null) || handle.chunk.shards.every((shard) => told.has(shard));
}

/** Of several submissions of one shard the latest counts. */
function lastStates(
  states: NativeState[],
  given: Set<number>,
  submissions: Submission[],
  absent_since: Map<number, number>,
): Map<number, AskedShard> {
  const native = new Map<number, NativeState>();
  for (const { token, shards } of submissions) {
    for (const state of states.filter((one) => one.token === token)) {
      for (const shard of state.shard === null ? shards : [state.shard]) native.set(shard, state);
    }
  }
  const now = performance.now();
  return new Map([...given].map((shard) => {
    const known = native.get(shard) ?? null;
    if (known) absent_since.delete(shard);
    else if (!absent_since.has(shard)) absent_since.set(shard, now);
    const since = absent_since.get(shard);
    return [shard, { native: known, absent_s: since === undefined ? null : (now - since) / 1000 }];
  }));
}
