import assert from "node:assert/strict";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SubmitMeta } from "../../core/schema/submit_meta.ts";
import { inputs, nextstat, requestArgs, type RunOptions, spec10k } from "../support/farm.ts";
import { assertLowest } from "../support/lowest_fits.ts";
import { readManifest } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";
import { assertSameToys, at, type Json, readJson } from "../support/toys.ts";
import { output } from "./as_user.ts";
import { inUserFolder, sharedTests } from "./cluster.ts";
import { bringUpSlurm, type SlurmCluster } from "./slurm_cluster.ts";
import { type UserFarm, userFarm } from "./user_farm.ts";

/** Tools of a test on a real Slurm: a folder that the ordinary user owns, and the cluster. */
export interface SlurmFarm extends UserFarm {
  cluster: SlurmCluster;
  standIn(behaviour: string): Promise<StandIn>;
}

type SlurmTest = (name: string, work: (farm: SlurmFarm) => Promise<void>) => void;

/**
 * Declares tests of one file that share a cluster.
 * @param before runs first: a node does not see later mounts
 */
export function slurmFile(options: string[] = [], before: () => Promise<void> = () => Promise.resolve()): SlurmTest {
  const declare = sharedTests(() => before().then(() => bringUpSlurm(options)));
  return (name, work) =>
    declare(
      name,
      (cluster) => inUserFolder("nsfarm slurm ", (folder) => work(farmOf(cluster, folder)), () => emptyQueue(cluster)),
    );
}

/** Cancels the remaining jobs, so that each test begins with free nodes. */
export async function emptyQueue({ ask }: SlurmCluster): Promise<void> {
  await ask("scancel", "--me");
  await until("the queue is empty", async () => (await ask("squeue", "--me", "--noheader")) === "");
}

function farmOf(cluster: SlurmCluster, folder: string): SlurmFarm {
  return {
    ...userFarm("slurm", folder, cluster.env),
    cluster,
    standIn: async (behaviour) => {
      const fake = await standIn(folder, behaviour);
      await chmod(join(folder, "fits.log"), 0o666);
      return fake;
    },
  };
}

/** Returns the words of `run` on Slurm. */
export const slurmRun = (farm: SlurmFarm, options: RunOptions): string[] => [
  ...["run", "--scheduler", "slurm"],
  ...requestArgs(farm.folder, options),
];

interface Wanted {
  toys: number;
  config?: string;
  more?: string[];
}

/** Cache of nextstat's own outputs of unsharded runs with one thread. */
const unsharded = new Map<string, Promise<Json>>();

export function wholeRun({ toys, config = spec10k(), more = [] }: Wanted): Promise<Json> {
  const words = ["--config", config, "--n-toys", `${toys}`, ...more];
  const key = words.join("\n");
  const made = unsharded.get(key) ?? fitAll(words);
  unsharded.set(key, made);
  return made;
}

async function fitAll(words: string[]): Promise<Json> {
  const out = await Deno.makeTempFile({ prefix: "nsfarm-unsharded-" });
  try {
    const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
    await output([nextstat(), "unbinned-fit-toys", ...words, "--threads", "1", "-o", out], env);
    return await readJson(out);
  } finally {
    await Deno.remove(out);
  }
}

export const spec2m = (): string => join(inputs(), "gauss_exp_2m.json");

/**
 * Asserts that the merged output equals nextstat's own of the unsharded run: each toy once, in order. Of a run with
 * starts it is the lowest of the unsharded runs from each of them.
 */
export async function assertMerged(dir: string, wanted: Wanted): Promise<void> {
  const manifest = await readManifest(dir);
  if (manifest.farm.starts) await assertLowest(dir, manifest, wanted.toys);
  else assertSameToys(await readJson(join(dir, "merged.out.json")), await wholeRun(wanted));
  assert.equal(at(await readJson(join(dir, "merge_status.json")), "ok"), true);
}

/** Returns the text of `status`. */
export async function statusWords(farm: SlurmFarm, dir: string, more: string[] = []): Promise<string> {
  return (await farm.must(["status", dir, ...more])).stdout;
}

/** Runs `retry` and asserts that each toy is then in the merged output once. */
export async function retryToEnd(farm: SlurmFarm, dir: string, toys: number, words: string[] = []): Promise<void> {
  await farm.must(["retry", dir, "--wait", ...words]);
  await assertMerged(dir, { toys });
  assert.match(await statusWords(farm, dir), /\(slurm\): (\d+) done of \1 shards/);
}

/** Returns the text of `status` without waiting for late files. */
export const statusNow = (farm: SlurmFarm, dir: string): Promise<string> =>
  statusWords(farm, dir, ["--file-grace-s", "0"]);

/** Waits until `status` prints a text. */
export async function untilSaid(farm: SlurmFarm, dir: string, wanted: RegExp): Promise<void> {
  let words = "";
  const isSaid = async () => wanted.test(words = await statusNow(farm, dir));
  await until(`status says ${wanted}`, isSaid)
    .catch((error: Error) => assert.fail(`${error.message}: ${words}`));
}

/** Returns Slurm's ids of a run's jobs, in the order of submission. */
export async function jobIds(dir: string): Promise<string[]> {
  return (await submissions(dir)).flatMap((one) => one.job_id ?? []);
}

export async function submissions(dir: string) {
  const text = await readFile(join(dir, "submit_meta.json"), "utf8").catch(() => "");
  return text === "" ? [] : SubmitMeta.parse(JSON.parse(text)).farm?.submissions ?? [];
}

/** Waits until Slurm's queue has no job of these users. */
export async function untilIdle({ cluster: { ask } }: SlurmFarm, seconds = 120): Promise<void> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(300)) {
    if (await ask("squeue", "--me", "--noheader") === "") return;
  }
  assert.fail(`after ${seconds} s still in the queue: ${await ask("squeue", "--me")}`);
}
