import { basename, join } from "node:path";
import { isAbsent } from "../../core/file_fault.ts";
import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { sentFacts } from "../../core/job_facts.ts";
import { INCOMING, metricsName, outName } from "../../core/run_paths.ts";
import { stagedConfig } from "../../schedulers/job_wrapper.ts";
import { listAttempts, readAttempt } from "./attempts.ts";
import { fitFilesOf } from "./fit_files.ts";
import { jobIds } from "./job_ids.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { lookAtMachine, type Machine } from "../machine/machine.ts";
import { readShard } from "./read_shard.ts";
import { type JobEnd, runJob } from "./run_job.ts";
import { rename } from "../disk/rename.ts";
import { makeFolder, writeWhole } from "../disk/write_file.ts";

/** Where shards run in a sandbox, away from the folder that is sent back: half of a result is never sent. */
const WORK = "work";

/** The run as it lies in a job's sandbox, to which its manifest, its inputs and nextstat were sent. */
export function openSandbox(sandbox: string): Run<FarmManifest> {
  const { dir, manifest_path, manifest } = loadFarmRun(sandbox);
  const config = join(dir, stagedConfig(manifest));
  const nextstat_bin = join(dir, basename(manifest.nextstat_bin));
  makeFolder(join(dir, WORK));
  makeFolder(join(dir, INCOMING));
  return { dir: join(dir, WORK), manifest_path, manifest: { ...manifest, config, nextstat_bin } };
}

/** Runs shards in a sandbox. What each leaves goes to incoming/, from where it is sent back and then checked. */
export async function runSandbox(
  run: Run<FarmManifest>,
  plans: Plan[],
  token: string | null,
  stop: AbortSignal,
): Promise<JobEnd[]> {
  const machine = await lookAtMachine(run.manifest);
  const submission_token = jobIds(run.manifest, token).submission_token;
  return await runJob(run, plans, token, stop, (plan) => send(run, plan, machine, submission_token));
}

function send(run: Run<FarmManifest>, plan: Plan, machine: Machine, submission_token: string | null): void {
  const shard = plan.shard_index;
  const record = recordOf(run, plan);
  if (!record) return;
  const id = [record.job_id ?? 0, record.task_id ?? 0, Math.floor(Date.now() / 1000), Deno.pid].join("-");
  const base = join(run.dir, "..", INCOMING, `shard_${shard}.${id}`);
  const files = fitFilesOf(base);
  const metrics_bytes = giveBack(join(run.dir, metricsName(shard)), files.metrics);
  giveBack(join(run.dir, outName(shard)), files.out);
  giveBack(join(run.dir, `shard_${shard}.stdout`), files.stdout);
  giveBack(join(run.dir, `shard_${shard}.stderr`), files.stderr);
  writeWhole(`${base}.job.txt`, sentFacts(record, machine.process, { attempt: id, submission_token, metrics_bytes }));
}

/** The record of a committed shard, else the end of its last attempt. */
function recordOf(run: Run<FarmManifest>, plan: Plan): ShardRecord | undefined {
  const found = readShard(run.dir, run.manifest, plan);
  if (found.kind === "done") return found.metrics.farm;
  const number = listAttempts(run.dir).get(plan.shard_index)?.at(-1);
  return (number === undefined ? undefined : readAttempt(run.dir, plan.shard_index, number)?.end) ?? undefined;
}

/** @returns its size; null where there is no such file */
function giveBack(from: string, to: string): number | null {
  try {
    const { size } = Deno.lstatSync(from);
    rename(from, to);
    return size;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
