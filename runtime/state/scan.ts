import type { AttemptTime } from "../../core/attempt_time.ts";
import { livePlans } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import { reconcile, type ShardView } from "../../core/shard_states.ts";
import { listNames, orRefusal } from "../fs/list.ts";
import { Unreadable } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import { copyMark, type Run } from "../run/load_manifest.ts";
import type { QueriedScheduler } from "../scheduler/query.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import { fitFiles, type JobContext } from "../shard/context.ts";
import { type Evidence, evidenceFault, readListed, readOutput, readShard } from "../shard/read.ts";
import { lifeOf } from "../shard/recover.ts";
import { type DoneShard, doneShard, readDone, readDoneShards, type ShardReader } from "./done_shards.ts";

/** A shard of a run with its state and attempts. */
export interface ScannedShard extends ShardView {
  plan: Plan;
  /** Times of the attempt that made its result; null: not done. */
  time: AttemptTime | null;
  attempts: number[];
  last: Attempt | null;
  /** glibc of its host, where the sh wrapper reported it. */
  glibc?: string | null;
}

/** Valid shards that this process has found before: they are not read again. */
export type Seen = Map<number, DoneShard>;

/**
 * Returns the state of every live shard of a run.
 * @param answer the scheduler's answer; null: not queried
 * @param seen for commands that only show states: a shard found valid before is not read again, and of one that looks
 * as committed by size and time only the record is read. Null for commands that act on the states: each output is read
 * and hashed.
 */
export async function scanRun(
  run: Run<FarmManifest>,
  machine: JobContext["machine"],
  answer: QueriedScheduler | null,
  seen: Seen | null = null,
): Promise<ScannedShard[]> {
  const listed = orRefusal(() => listAttempts(run.dir));
  let names: ReadonlySet<string> | FarmError | undefined;
  const namesNow = () => names ??= orRefusal(() => new Set(listNames(run.dir)));
  const scan = { run, machine, listed, namesNow, answer, seen, mark: copyMark(run) };
  const shards: ScannedShard[] = [];
  for (const plan of livePlans(run.manifest)) shards.push(await scanShard(scan, plan));
  return shards;
}

/** What a scan knows of the run before it reads a shard. */
interface Scan {
  run: Run<FarmManifest>;
  machine: JobContext["machine"];
  listed: ReadonlyMap<number, number[]> | FarmError;
  /** Lists the run directory at the first call. */
  namesNow: () => ReadonlySet<string> | FarmError;
  answer: QueriedScheduler | null;
  seen: Seen | null;
  /** Members that each attempt of a copied run gets. */
  mark: Pick<Attempt, "copied_from">;
}

/**
 * Returns every live shard of a run in which each is done, and looks as committed by size and time; null where that
 * does not hold.
 * @param reader a second thread for reading shards
 */
export async function scanUntouched(
  run: Run<FarmManifest>,
  seen: Seen,
  reader?: ShardReader,
): Promise<ScannedShard[] | null> {
  const plans = livePlans(run.manifest);
  const wanted = plans.map((plan) => plan.shard_index).filter((shard) => !seen.has(shard));
  const found = await readDoneShards(run, wanted, "untouched", reader);
  for (const [shard, done] of found) seen.set(shard, done);
  const listed = orRefusal(() => listAttempts(run.dir));
  const shards: ScannedShard[] = [];
  for (const plan of plans) {
    const known = seen.get(plan.shard_index);
    if (!known) return null;
    shards.push(scannedDone(plan, known, listed instanceof FarmError ? [] : listed.get(plan.shard_index) ?? []));
  }
  return shards;
}

async function scanShard(scan: Scan, plan: Plan): Promise<ScannedShard> {
  const { run, listed, seen } = scan;
  const attempts = listed instanceof FarmError ? [] : listed.get(plan.shard_index) ?? [];
  const found = findShard(scan, plan);
  if ("time" in found) {
    seen?.set(plan.shard_index, found);
    return scannedDone(plan, found, attempts);
  }
  if (found.kind === "bad" && found.unread) return unknownShard(plan, attempts, `${found.file} ${found.what}`);
  const last = lastAttempt(scan, plan, attempts.at(-1));
  if (last instanceof FarmError) return unknownShard(plan, attempts, last.message);
  const life = last && last.end === null ? await lifeOf(scan, last) : null;
  const view = reconcile({
    evidence: evidenceOf(found),
    fault: evidenceFault(found),
    last,
    life,
    has_left_output: life === "dead" && last !== null && hasLeftOutput(run, plan, last),
    ...schedulerFacts(scan.answer, plan),
  });
  return { plan, time: null, attempts, last, ...view };
}

/** Returns a shard that is done, or what its files show instead. */
function findShard({ run, namesNow, seen }: Scan, plan: Plan): DoneShard | Exclude<Evidence, { kind: "done" }> {
  const known = seen && (seen.get(plan.shard_index) ?? readDone(run, plan, "untouched"));
  if (known) return known;
  const names = namesNow();
  const found = names instanceof FarmError
    ? readShard(run.dir, run.manifest, plan)
    : readListed(run.dir, run.manifest, plan, names);
  return found.kind === "done" ? doneShard(found.metrics.farm) : found;
}

/** Returns the last attempt of a shard; null: it has none. A refusal where that cannot be read. */
function lastAttempt({ run, listed, mark }: Scan, plan: Plan, number: number | undefined): Attempt | FarmError | null {
  if (listed instanceof FarmError) return listed;
  if (number === undefined) return null;
  const read = orRefusal(() => readAttempt(run.dir, plan.shard_index, number) ?? null);
  return read instanceof FarmError ? read : read && { ...mark, ...read };
}

const scannedDone = (plan: Plan, { time, host, glibc }: DoneShard, attempts: number[]): ScannedShard => ({
  plan,
  time,
  attempts,
  last: null,
  state: "done",
  why: "",
  host,
  glibc,
});

function hasLeftOutput({ dir, manifest }: Run<FarmManifest>, plan: Plan, { attempt }: Attempt): boolean {
  const { out } = fitFiles(dir, plan.shard_index, attempt);
  return exists(out) && !(readOutput(out, manifest, plan) instanceof Unreadable);
}

/** Returns a shard whose record exists and cannot be read, so that its state is unknown. */
const unknownShard = (plan: Plan, attempts: number[], why: string): ScannedShard => ({
  plan,
  time: null,
  attempts,
  last: null,
  state: "unknown",
  why,
  host: null,
});

function schedulerFacts(answer: QueriedScheduler | null, plan: Plan) {
  const reported = answer?.shards.get(plan.shard_index);
  return {
    native: reported?.native ?? null,
    is_answered: reported ? answer?.reached ?? null : null,
    absent_s: reported?.absent_s ?? null,
    grace_s: answer?.grace_s ?? 0,
  };
}

const evidenceOf = (found: Evidence) => found.kind === "bad" && found.late ? "late" : found.kind;
