import { livePlans } from "../../core/check_manifest.ts";
import type { Attempt } from "../../core/contracts/attempt.ts";
import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { FarmError } from "../../core/errors.ts";
import { recordHost } from "../../core/record.ts";
import { reconcile, type ShardView } from "../../core/reconcile.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import { listNames } from "../disk/list_names.ts";
import { orRefusal } from "../disk/refused.ts";
import type { AskedScheduler } from "../jobs/ask_scheduler.ts";
import type { Run } from "../run/load_manifest.ts";
import { copyMark } from "../run/run_origin.ts";
import { lifeOf } from "../shard/settle_shard.ts";
import { exists } from "../disk/write_file.ts";
import { Unreadable } from "../disk/read_file.ts";
import { fitFiles } from "../shard/fit_files.ts";
import { type Evidence, evidenceFault, readListed, readOutput, readShard, readUntouched } from "../shard/read_shard.ts";
import type { Workbench } from "../shard/workbench.ts";

export interface ScannedShard extends ShardView {
  plan: Plan;
  record: ShardRecord | null;
  attempts: number[];
  last: Attempt | null;
}

/** Valid shards found by an earlier look of this process: they are not read again. */
export type Seen = Map<number, ShardRecord>;

/**
 * Where every live shard of a run stands.
 * @param asked what its scheduler said, or null where nobody is to be asked
 * @param seen given to those that only show where shards stand: what an earlier look of theirs found valid is not read
 * again, and of what is as it was committed by size and time, only its record. Null for whoever acts on it: each output
 * is read and hashed.
 */
export async function scanRun(
  run: Run<FarmManifest>,
  machine: Workbench["machine"],
  asked: AskedScheduler | null,
  seen: Seen | null = null,
): Promise<ScannedShard[]> {
  const listed = orRefusal(() => listAttempts(run.dir));
  let names: ReadonlySet<string> | FarmError | undefined;
  const namesNow = () => names ??= orRefusal(() => new Set(listNames(run.dir)));
  const mark = copyMark(run);
  const shards: ScannedShard[] = [];
  for (const plan of livePlans(run.manifest)) {
    const attempts = listed instanceof FarmError ? listed : listed.get(plan.shard_index) ?? [];
    shards.push(await scanShard(run, machine, plan, attempts, namesNow, asked, seen, mark));
  }
  return shards;
}

async function scanShard(
  run: Run<FarmManifest>,
  machine: Workbench["machine"],
  plan: Plan,
  listed: number[] | FarmError,
  namesNow: () => ReadonlySet<string> | FarmError,
  asked: AskedScheduler | null,
  seen: Seen | null,
  mark: Pick<Attempt, "copied_from">,
): Promise<ScannedShard> {
  const attempts = listed instanceof FarmError ? [] : listed;
  const known = seen && (seen.get(plan.shard_index) ?? readUntouched(run.dir, run.manifest, plan));
  if (known) {
    seen?.set(plan.shard_index, known);
    return doneShard(plan, known, attempts);
  }
  const names = namesNow();
  const found = names instanceof FarmError
    ? readShard(run.dir, run.manifest, plan)
    : readListed(run.dir, run.manifest, plan, names);
  if (found.kind === "done") {
    seen?.set(plan.shard_index, found.metrics.farm);
    return doneShard(plan, found.metrics.farm, attempts);
  }
  if (found.kind === "bad" && found.unread) return unknownShard(plan, attempts, `${found.file} ${found.what}`);
  const number = attempts.at(-1);
  const read = listed instanceof FarmError
    ? listed
    : number === undefined
    ? null
    : orRefusal(() => readAttempt(run.dir, plan.shard_index, number) ?? null);
  if (read instanceof FarmError) return unknownShard(plan, attempts, read.message);
  const last = read && { ...mark, ...read };
  const life = last && last.end === null ? await lifeOf({ run, machine }, last) : null;
  const view = reconcile({
    evidence: evidenceOf(found),
    fault: evidenceFault(found),
    last,
    life,
    has_left_output: life === "dead" && last !== null && hasLeftOutput(run, plan, last),
    ...schedulerFacts(asked, plan),
  });
  return { plan, record: null, attempts, last, ...view };
}

const doneShard = (plan: Plan, record: ShardRecord, attempts: number[]): ScannedShard => ({
  plan,
  record,
  attempts,
  last: null,
  state: "done",
  why: "",
  host: recordHost(record),
});

function hasLeftOutput({ dir, manifest }: Run<FarmManifest>, plan: Plan, { attempt }: Attempt): boolean {
  const { out } = fitFiles(dir, plan.shard_index, attempt);
  return exists(out) && !(readOutput(out, manifest, plan) instanceof Unreadable);
}

/** Whether it was begun, runs or has failed is on record, but the record cannot be read. */
const unknownShard = (plan: Plan, attempts: number[], why: string): ScannedShard => ({
  plan,
  record: null,
  attempts,
  last: null,
  state: "unknown",
  why,
  host: null,
});

function schedulerFacts(asked: AskedScheduler | null, plan: Plan) {
  const told = asked?.shards.get(plan.shard_index);
  return {
    native: told?.native ?? null,
    asked: told ? asked?.reached ?? null : null,
    absent_s: told?.absent_s ?? null,
    grace_s: asked?.grace_s ?? 0,
  };
}

const evidenceOf = (found: Evidence) => found.kind === "bad" && found.late ? "late" : found.kind;
