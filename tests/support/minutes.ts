import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cutPlans, livePlans } from "../../core/check_manifest.ts";
import { waitingFit, type Waits } from "../fixtures/waiting_fit.ts";
import { nextstat, requestArgs, type RunOptions } from "./farm.ts";
import { readManifest, readRecord } from "./run_dir.ts";

/** Writes a nextstat whose toys wait, so that the load of the machine matters little, and returns its path. */
export async function waitingNextstat(folder: string, waits: Waits, real = nextstat()): Promise<string> {
  const path = join(folder, "waits");
  await writeFile(path, waitingFit(`'${real}'`, waits));
  await chmod(path, 0o755);
  return path;
}

/** Returns the options of a run by time: the first fit is the trial, which such a run needs. */
export function minutesArgs(folder: string, minutes: number, options: Omit<RunOptions, "shards">): string[] {
  const words = requestArgs(folder, { ...options, shards: 1 }).filter((word) => word !== "--no-check");
  return words.with(words.indexOf("--shards") + 1, `${minutes}`).with(words.indexOf("--shards"), "--shard-minutes");
}

/** A shard of a run by time that is neither a probe nor one of the shorter ones at the end. */
interface WholeShard {
  host: string;
  n_toys: number;
  /** Time of the shard / wanted time. */
  share: number;
}

/** Returns the shards of the wanted time: those with the most toys that are for one executor. */
export async function wholeShards(dir: string): Promise<WholeShard[]> {
  const manifest = await readManifest(dir);
  const live = livePlans(manifest).filter(({ farm }) => !farm?.probe);
  const most = Map.groupBy(live, ({ farm }) => farm?.sized_for ?? null);
  const whole = [...most.values()].flatMap((all) => {
    const size = Math.max(...all.map(({ n_toys }) => n_toys));
    return all.filter(({ n_toys }) => n_toys === size);
  });
  return await Promise.all(whole.map(async ({ shard_index, n_toys }) => {
    const { host, wall_s } = await readRecord(dir, shard_index);
    return { host, n_toys, share: (wall_s ?? NaN) / (60 * (manifest.farm.shard_minutes ?? NaN)) };
  }));
}

/** Asserts that half of the shards of each host take the wanted time within 20 %. */
export function assertMinutes(shards: readonly WholeShard[]): void {
  assert(shards.length > 0);
  for (const [host, all] of Map.groupBy(shards, ({ host }) => host)) {
    const shares = all.map(({ share }) => share).sort((a, b) => a - b);
    const median = shares[Math.floor(shares.length / 2)] ?? NaN;
    assert(median > 0.8 && median < 1.2, `${host}: ${shares.map((share) => share.toFixed(2))}`);
  }
}

/** Asserts that the toys of a run were cut once. @returns the number of probes */
export async function assertCutOnce(dir: string): Promise<number> {
  const manifest = await readManifest(dir);
  assert.equal(manifest.farm.history.filter(({ change }) => /^cut \d+ toys into/.test(change)).length, 1);
  const probes = cutPlans(manifest).filter(({ farm }) => farm?.probe).length;
  assert.equal(manifest.shards, probes + 1);
  return probes;
}
