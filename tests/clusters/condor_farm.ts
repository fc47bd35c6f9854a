import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readText, requestArgs, type RunOptions } from "../support/farm.ts";
import { pause, until } from "../support/scratch.ts";
import { giveAway, USER } from "./as_user.ts";
import { inUserFolder, sharedTests } from "./cluster.ts";
import { bringUpCondor, type CondorPool, type PoolOptions } from "./condor_pool.ts";
import { submissions } from "./slurm_farm.ts";
import { type UserFarm, userFarm } from "./user_farm.ts";
import { watchedFit } from "../support/stand_in.ts";

/** Tools of a test on a real HTCondor: a folder that the ordinary user owns, and the pool. */
export interface CondorFarm extends UserFarm {
  pool: CondorPool;
}

export type CondorTest = (name: string, work: (farm: CondorFarm) => Promise<void>) => void;

/** Declares tests of one file that share a pool. */
export function condorFile(options: PoolOptions = {}): CondorTest {
  const declare = sharedTests(() => bringUpCondor(options));
  return (name, work) =>
    declare(
      name,
      (pool) => inUserFolder("nsfarm condor ", (folder) => work(farmOf(pool, folder)), () => emptyQueue(pool)),
    );
}

/** Removes the remaining jobs, so that each test begins with free slots. */
export async function emptyQueue(pool: CondorPool): Promise<void> {
  // Jobs that end meanwhile make condor_rm fail: the queue itself shows whether it is empty.
  if (await queued(pool) !== "") await pool.ask("condor_rm", "-all").catch(() => "");
  await until("the queue is empty", async () => await queued(pool) === "");
}

/** Returns all jobs of the ordinary user in the queue, one per line: id and HTCondor's number of the state. */
export const queued = ({ ask }: CondorPool): Promise<string> =>
  ask("condor_q", USER, "-af:j", "JobStatus", "NsfarmToken");

/** Waits until the queue is empty. */
export async function untilIdle({ pool }: CondorFarm): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await pause(600)) {
    if (await queued(pool) === "") return;
  }
  assert.fail(`after 120 s still in the queue:\n${await queued(pool)}`);
}

const farmOf = (pool: CondorPool, folder: string): CondorFarm => ({
  ...userFarm("htcondor", folder, pool.env),
  pool,
});

/** Returns the words of `run` on HTCondor. */
export const condorRun = (farm: CondorFarm, options: RunOptions): string[] => [
  ...["run", "--scheduler", "htcondor"],
  ...requestArgs(farm.folder, options),
];

/**
 * A replacement of nextstat that delegates to the real one. It may be sent to a node that sees nothing of the submit
 * side; `here` is a folder that all machines see. Fits of shards run `behaviour` first: lines of sh with $shard (of
 * pieces: "S+SEED") and $here.
 */
export interface OpenFit {
  path: string;
  here: string;
  mark(name: string): Promise<void>;
  /**
   * Returns one line for each start and end of a fit: `start SHARD PID SECONDS`; `double` if another fit of the shard
   * is alive.
   */
  log(): Promise<{ what: string; shard: string; pid: number; at_s: number }[]>;
}

export async function openFit(
  { folder, pool }: Pick<CondorFarm, "folder" | "pool">,
  behaviour = "",
  user = USER,
): Promise<OpenFit> {
  const here = await Deno.makeTempDir({ dir: pool.open });
  const path = join(folder, "open-fit");
  await writeFile(path, fitScript(here, join(pool.open, "nextstat"), behaviour));
  await chmod(path, 0o755);
  await giveAway(here, user);
  return {
    path,
    here,
    mark: (name) => writeFile(join(here, name), ""),
    log: async () =>
      (await readText(join(here, "log"))).split("\n").filter((line) => line !== "").map((line) => {
        const [what = "", shard = "", pid, at] = line.split(" ");
        return { what, shard, pid: Number(pid), at_s: Number(at) };
      }),
  };
}

function fitScript(here: string, real: string, behaviour: string): string {
  return `#!/bin/sh
here='${here}' real='${real}'
[ "$1" != --version ] || exec "$real" --version
case $* in
*incoming/*shard_*) ;;
*) exec "$real" "$@" ;; # before a run: a trial fit, or a start
esac
shard= seed= before=
for word; do
  case $before in
  --shard) shard=\${word%%/*} ;;
  --seed) seed=$word ;;
  esac
  before=$word
done
[ -n "$shard" ] || shard=S+$seed
say() { echo "$1 $shard $$ $(date +%s.%N)" >>"$here/log"; }
${watchedFit(behaviour, `sed -n "s/^start $shard \\([0-9]*\\) .*/\\1/p" "$here/log"`)}
`;
}

/** Returns the text of `status`. */
export async function statusWords(farm: CondorFarm, dir: string, more: string[] = []): Promise<string> {
  return (await farm.must(["status", dir, ...more])).stdout;
}

/** Returns the number of the last cluster of jobs that was submitted for a run. */
export async function lastCluster(dir: string): Promise<string> {
  return (await submissions(dir)).at(-1)?.job_id ?? assert.fail(`nothing was submitted for ${dir}`);
}
