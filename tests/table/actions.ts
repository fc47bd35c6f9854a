/** What a user does, on whatever back end: the rows of the table. Each ends with a whole run. */
import assert from "node:assert/strict";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { flipByte } from "../support/damage.ts";
import { namesIn, nextstat, runDir } from "../support/farm.ts";
import { fingerprints, readManifest } from "../support/run_dir.ts";
import { processesOf, until } from "../support/scratch.ts";
import { type ActionName, type Farm, type Fit, type NoMeaning, requestOf, submitted, type TestSite } from "./site.ts";

/** One cell: what it works on, and what is answered where the cell has no meaning. */
export interface Cell {
  farm: Farm;
  site: TestSite;
  without: NoMeaning | undefined;
}

export const ACTIONS: Record<ActionName, { name: string; body: (cell: Cell) => Promise<void> }> = {
  retry: { name: "a failing shard is mended, then retry --wait", body: retry },
  "run again": { name: "a failing shard is mended, then the same run again, and once more", body: runAgain },
  split: { name: "a failing shard is cut in two by retry --split --wait", body: split },
  extend: { name: "extend --wait fits the new toys, and those alone", body: extend },
  cancel: { name: "cancel in the middle, then retry --wait", body: cancel },
  damage: { name: "a flipped byte and a cut file of committed outputs, then the same run again", body: damage },
  look: { name: "verify, archive, report, doctor, logs and plan of a whole run", body: inspectRun },
  sweep: { name: "a sweep", body: sweep },
  finish: { name: "submit --finish", body: finish },
};

const TOYS = 8;
const SHARDS = 4;
const RUN = { toys: TOYS, shards: SHARDS };

/** Each shard fitted once. */
const ONCE = Array.from({ length: SHARDS }, (_, shard) => `${shard}`);

/** A run whose shard 1 has failed, and would not now. */
async function failed(farm: Farm): Promise<{ dir: string; fit: Fit; again: string[] }> {
  const fit = await farm.fit(`[ "$shard" != 1 ] || [ -e "$here/mended" ] || { echo "no licence" >&2; exit 3; }`);
  const again = requestOf(farm, "run", { ...RUN, nextstat: fit.path });
  const dir = runDir(farm.folder);
  assert.match((await farm.must(again, 5)).stderr, /shard 1: .*no licence/);
  assert.match((await farm.must(["status", dir])).stdout, /3 done, 1 failed of 4 shards/);
  assert.match((await farm.must(["doctor", dir])).stdout, /no licence/);
  await fit.mark("mended");
  return { dir, fit, again };
}

async function retry({ farm }: Cell): Promise<void> {
  const { dir, fit } = await failed(farm);
  await farm.must(["retry", dir, "--wait"]);
  await assertWhole(farm, dir);
  assert.deepEqual(await endsOf(farm, fit), ONCE);
}

async function runAgain({ farm }: Cell): Promise<void> {
  const { dir, fit, again } = await failed(farm);
  await farm.must(again);
  await assertWhole(farm, dir);
  const kept = await fingerprints(dir);
  await farm.must(again);
  assert.deepEqual(await fingerprints(dir), kept);
  assert.deepEqual(await endsOf(farm, fit), ONCE);
}

async function split({ farm }: Cell): Promise<void> {
  const { dir, fit } = await failed(farm);
  await farm.must(["retry", dir, "--split", "--wait"]);
  await assertWhole(farm, dir);
  const { plans } = await readManifest(dir);
  assert.deepEqual(plans.map(({ farm }) => farm?.replaced_by ?? null), [null, [4, 5], null, null, null, null]);
  assert.equal((await endsOf(farm, fit)).length, 5, "three shards and two pieces");
}

async function extend({ farm }: Cell): Promise<void> {
  const fit = await farm.fit("");
  const dir = runDir(farm.folder);
  await farm.must(requestOf(farm, "run", { ...RUN, nextstat: fit.path }));
  const kept = await fingerprints(dir);
  await farm.must(["extend", dir, "--n-toys", "+3", "--wait"]);
  await assertWhole(farm, dir, { toys: TOYS + 3 });
  const now = await fingerprints(dir);
  for (const [name, print] of kept) assert.equal(now.get(name), print, name);
  assert.equal((await endsOf(farm, fit)).length, (await readManifest(dir)).plans.length, "each shard once");
}

async function cancel({ farm, site }: Cell): Promise<void> {
  const fit = await farm.fit(`mkdir "$here/first" 2>/dev/null && : >"$here/first/of_$shard"
[ -e "$here/first/of_$shard" ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await submitted(farm, { ...RUN, nextstat: fit.path });
  await until("the first fit has ended and others run", async () => {
    const log = await fit.log();
    return log.some(({ what }) => what === "end") && log.filter(({ what }) => what === "start").length >= 2;
  });
  const statusText = async () => (await farm.must(["status", dir])).stdout;
  await until("status says that one is done", async () => (await statusText()).includes("1 done"));
  const kept = await fingerprints(dir);
  await farm.must(["cancel", dir]);
  await until("nothing of it runs", async () => {
    return (await site.queued()).length + (await processesOf(farm.folder)).length === 0;
  });
  assert.match(await statusText(), /\b1 done\b.*of 4 shards/);
  await fit.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertWhole(farm, dir);
  const now = await fingerprints(dir);
  for (const [name, print] of kept) assert.equal(now.get(name), print, name);
  assert.deepEqual(await endsOf(farm, fit), ONCE);
}

async function damage({ farm }: Cell): Promise<void> {
  const fit = await farm.fit("");
  const again = requestOf(farm, "run", { ...RUN, nextstat: fit.path });
  const dir = runDir(farm.folder);
  await farm.must(again);
  await flipByte(join(dir, "shard_0.out.json"));
  await truncate(join(dir, "shard_3.out.json"), 100);
  await farm.must(["verify", dir], 5);
  await farm.must(again);
  await assertWhole(farm, dir);
  assert.deepEqual(await endsOf(farm, fit), ["0", "0", "1", "2", "3", "3"]);
}

async function inspectRun({ farm }: Cell): Promise<void> {
  const dir = runDir(farm.folder);
  await farm.must(requestOf(farm, "run", { ...RUN, nextstat: nextstat() }));
  await assertWhole(farm, dir);
  const kept = await fingerprints(dir);
  const answer = async (...words: string[]) => assert.match((await farm.must(words)).stdout, /\S/, words[0]);
  await answer("archive", dir);
  await answer("export", dir, "--format", "csv");
  await answer("verify", `${dir}.tar`);
  await answer("report", dir);
  await answer("logs", dir, "0");
  await answer("plan", "--from", dir);
  assert((await namesIn(dir)).includes("report.html"));
  assert.deepEqual(await fingerprints(dir), kept);
}

async function sweep({ farm }: Cell): Promise<void> {
  const runs = join(farm.folder, "runs");
  const words = [
    ...["sweep", "run", ...farm.words, "--shards-list", "1,3", "--n-toys", `${TOYS}`, "--config", farm.config],
    ...["--nextstat-bin", (await farm.fit("")).path, "--threads", "1", "--no-check", "--out-root", runs],
    ...["--sweep-id", "s", "--poll-s", "0.5"],
  ];
  assert.match((await farm.must(words)).stdout, /\S/);
  for (const name of ["s_sh1", "s_sh3"]) await assertWhole(farm, join(runs, name));
}

async function finish({ farm, without }: Cell): Promise<void> {
  const fit = await farm.fit("");
  await farm.must(requestOf(farm, "render", { ...RUN, nextstat: fit.path }));
  const dir = runDir(farm.folder);
  const words = ["submit", dir, "--finish"];
  if (without) {
    const before = await namesIn(dir);
    assert.match((await farm.must(words, without.code)).stderr, without.answer);
    assert.deepEqual(await namesIn(dir), before, "nothing was begun");
    await farm.must(["submit", dir, "--wait"]);
  } else {
    await farm.must(words);
    await until("it is merged", async () => (await namesIn(dir)).includes("merge_status.json"));
  }
  await assertWhole(farm, dir);
  assert.deepEqual(await endsOf(farm, fit), ONCE);
}

/** The merged set is the unsharded run's, and status, doctor and verify find nothing wrong. */
async function assertWhole(farm: Farm, dir: string, { toys = TOYS } = {}): Promise<void> {
  await assertMerged(dir, { toys });
  assert.equal((await readManifest(dir)).farm.starts?.k ?? 1, farm.fits_a_shard);
  assert.match((await farm.must(["status", dir, "--check"])).stdout, /: (\d+) done of \1 shards/);
  // So few toys from two starts carry a mark, which is no fault of the set.
  const sound = farm.fits_a_shard === 1 ? /Nothing is wrong: all toys are merged/ : /^All toys are merged: /m;
  assert.match((await farm.must(["doctor", dir])).stdout, sound);
  await farm.must(["verify", dir]);
}

/** The shards whose fits from all starts have ended well or not, but by themselves; sorted. */
async function endsOf({ fits_a_shard }: Farm, fit: Fit): Promise<string[]> {
  const ends = (await fit.log()).filter(({ what }) => what === "end").map(({ shard }) => shard).sort();
  const last = ends.filter((_, i) => i % fits_a_shard === fits_a_shard - 1);
  assert.deepEqual(
    ends,
    last.flatMap((shard) => Array(fits_a_shard).fill(shard)),
    "as many of each as there are starts",
  );
  return last;
}
