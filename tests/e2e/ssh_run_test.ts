import assert from "node:assert/strict";
import { join } from "node:path";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sentFiles, type SshFarm, sshFile } from "../clusters/ssh_hosts.ts";
import { amountOf } from "../support/amount.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { followAdvice } from "../support/follow_advice.ts";
import { hardSpec } from "../support/hard_spec.ts";
import { countDone, readAttempts, readManifest, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import type { StandIn } from "../support/stand_in.ts";
import { assertTest, TEST_WORDS, writeWorkspace } from "../support/workspace.ts";

const test = sshFile();
const HOSTS = ["w1", "w2", "w3"];

async function hostsOf(dir: string, shards: number): Promise<string[]> {
  const records = await Promise.all(Array.from({ length: shards }, (_, i) => readRecord(dir, i)));
  return records.map((record) => record.host);
}

async function assertNothingStays({ hosts, folder }: SshFarm): Promise<void> {
  for (const host of HOSTS) assert.deepEqual(await sentFiles(hosts, host, runDir(folder)), []);
}

/** How often each shard was fitted to its end. */
async function endsOf(fake: StandIn, shards: number): Promise<number[]> {
  const log = await fake.log();
  assert.deepEqual(log.filter((line) => line.what === "double"), [], "no shard ran twice at the same time");
  const ends = log.filter((line) => line.what === "end");
  return Array.from({ length: shards }, (_, i) => ends.filter((line) => line.shard === i).length);
}

const ONCE = (shards: number) => Array.from({ length: shards }, () => 1);

test("many shards on three hosts without a shared disk give the unsharded result", async (farm) => {
  const dir = runDir(farm.folder);
  const shards = amountOf("shards on ssh hosts", { quick: 30, usual: 30, all: 60 });
  const toys = amountOf("toys on ssh hosts", { quick: 240, usual: 240, all: 1000 });
  const fake = await farm.standIn(`: >"$here/$(uname -n)"
until [ -e "$here/w1" ] && [ -e "$here/w2" ] && [ -e "$here/w3" ]; do sleep 0.1; done`);
  const args = farm.run(await farm.hostsFile(...HOSTS), { toys, shards, nextstat: fake.path });
  const ran = await farm.must(args, 0, { most_s: 300 });
  for (const host of HOSTS) {
    assert.equal(await farm.hosts.on(host, `[ -e '${dir}' ] || echo hidden`), "hidden\n");
    assert.match(ran.stderr, new RegExp(`^${host}: \\d+ slots? x 1 thread, files in /home/farmer/nsfarm_runs$`, "m"));
  }
  await assertMerged(dir, { toys });
  assert.deepEqual([...new Set(await hostsOf(dir, shards))].sort(), HOSTS);
  const record = await readRecord(dir, shards - 1);
  assert.deepEqual([record.scheduler, record.threads, record.attempt], ["ssh", 1, 1]);
  assert.equal(record.slot?.split(":")[0], record.host);
  assert(Math.abs(record.clock_offset_s ?? 9) < 1);
  await assertNothingStays(farm);
});

test("a shard whose own guardrail failed comes back from a host as done", async (farm) => {
  const config = await hardSpec(farm.folder);
  const options = { toys: 4, shards: 4, config, more: ["--pulls"] };
  await farm.must(farm.run(await farm.hostsFile(...HOSTS), options), 0, { most_s: 300 });
  const dir = runDir(farm.folder);
  assert.deepEqual([(await readRecord(dir, 0)).exit_code, (await readRecord(dir, 1)).exit_code], [1, 0]);
  assert.deepEqual(await readAttempts(dir), []);
});

test("each command that doctor prints about a run on hosts continues it, until it is merged and none is printed", async (farm) => {
  const fake = await farm.standIn('[ $shard != 1 ] || [ -e "$here/mended" ] || exit 3');
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 4, shards: 2, nextstat: fake.path });
  await farm.must(args, 5);
  await fake.mark("mended");
  const dir = runDir(farm.folder);
  assert.deepEqual(await followAdvice(farm.must, dir), ["retry --wait"]);
  await Deno.remove(join(dir, "merged.out.json"));
  assert.deepEqual(await followAdvice(farm.must, dir), ["merge"]);
  await assertMerged(dir, { toys: 4 });
});

test("a driver killed by SIGKILL is started again: no finished shard is rerun, none runs twice or is left behind", async (farm) => {
  const fake = await farm.standIn("sleep 0.5");
  const args = farm.run(await farm.hostsFile(...HOSTS), { toys: 20, shards: 20, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("some are done and some run", async () => await countDone(dir) >= 3);
  driver.kill("SIGKILL");
  await driver.ended;
  await farm.must(args);
  assert.deepEqual(await endsOf(fake, 20), ONCE(20));
  await assertMerged(dir, { toys: 20 });
  assert.deepEqual(await readAttempts(dir), []);
  await assertNothingStays(farm);
});

test("a driver killed by SIGKILL is started again after all its shards have ended", async (farm) => {
  const fake = await farm.standIn("");
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 24, shards: 12, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("one is done", async () => await countDone(dir) >= 1);
  driver.kill("SIGKILL");
  await driver.ended;
  await until("nothing runs", async () => (await Promise.all(HOSTS.map(farm.hosts.processes))).flat().length === 0);
  await farm.must(args);
  assert.deepEqual(await endsOf(fake, 12), ONCE(12));
  await assertMerged(dir, { toys: 24 });
});

test("a stopped driver stops the shards on the hosts, and the same command continues", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/go" ] || [ "$shard" -lt 4 ] || exec sleep 60`);
  const args = farm.run(await farm.hostsFile(...HOSTS), { toys: 20, shards: 10, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("four are done", async () => await countDone(dir) === 4);
  driver.kill("SIGTERM");
  assert.equal((await driver.ended).code, 143);
  for (const host of HOSTS) assert.deepEqual(await farm.hosts.fits(host), [], host);
  const causes = (await readAttempts(dir)).map(({ end }) => end?.cause ?? null);
  assert.deepEqual(causes.filter((cause) => cause !== "terminated"), []);
  await fake.mark("go");
  await farm.must(args);
  await assertMerged(dir, { toys: 20 });
  assert.deepEqual(await endsOf(fake, 10), ONCE(10));
});

test("submit drives the hosts in the background, status reports it, and cancel stops it", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/go" ] || exec sleep 60`);
  const [, ...words] = farm.run(await farm.hostsFile("w1", "w2"), { toys: 12, shards: 6, nextstat: fake.path });
  const dir = runDir(farm.folder);
  await farm.must(["render", ...words]);
  await farm.must(["submit", dir]);
  await until("some run", async () => (await fake.log()).length >= 4);
  assert.match((await farm.must(["status", dir])).stdout, /4 running, 2 queued of 6 shards/);
  assert.match((await farm.must(["cancel", dir])).stdout, /^cancelled ssh job \d+$/m);
  for (const host of HOSTS) assert.deepEqual(await farm.hosts.fits(host), [], host);
  await fake.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 12 });
});

test("a user's `work` on this machine takes shards of a run on hosts, each once, and the records name who did them", async (farm) => {
  const fake = await farm.standIn(
    `[ "$(uname -n)" = w1 ] || : >"$here/here"
[ "$shard" -lt 2 ] || until [ -e "$here/here" ]; do sleep 0.1; done`,
  );
  const args = farm.run(await farm.hostsFile("w1"), { toys: 20, shards: 20, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("one is done", async () => await countDone(dir) >= 1);
  await farm.must(["work", dir, "--slots", "2"]);
  assert.equal((await driver.ended).code, 0);
  assert.deepEqual(await endsOf(fake, 20), ONCE(20));
  assert.deepEqual([...new Set(await hostsOf(dir, 20))].sort(), [Deno.hostname(), "w1"].sort());
  await assertMerged(dir, { toys: 20 });
});

test("threads= of a host and --threads physical give one shard at a time with those threads", async (farm) => {
  const cpus = navigator.hardwareConcurrency;
  const hosts = await farm.hostsFile("w1", "w2 threads=1");
  const args = [...farm.run(hosts, { toys: 12, shards: 6 }), "--threads", "physical"];
  const ran = await farm.must(args);
  assert.match(ran.stderr, new RegExp(`^w1: 1 slot x ${cpus} threads?`, "m"));
  assert.match(ran.stderr, new RegExp(`^w2: ${cpus} slots? x 1 thread`, "m"));
  assert.equal(await countDone(runDir(farm.folder)), 6);
});

test("a spec whose files are above it, in folders with blanks and quotes, is sent whole", async (farm) => {
  const place = join(farm.folder, "a b'c", "specs");
  await farm.hosts.onNode("w1", "true");
  const made = new Deno.Command("sh", {
    args: [
      "-c",
      'mkdir -p "$1" && cp "$2"/observed.parquet "$1/.." && sed "s#observed.parquet#../observed.parquet#" "$2/gauss_exp_10k.json" >"$1/spec.json" && chmod -R a+rX "$1/.."',
      "sh",
      place,
      Deno.env.get("NSFARM_TEST_INPUTS") ?? "",
    ],
  }).outputSync();
  assert(made.success, new TextDecoder().decode(made.stderr));
  const config = join(place, "spec.json");
  const args = farm.run(await farm.hostsFile("w1"), { toys: 6, shards: 3, config });
  await farm.must([...args, "--remote-base-dir", "~/x y'z"]);
  await assertMerged(runDir(farm.folder), { toys: 6, config });
  assert.deepEqual(await namesIn(join(runDir(farm.folder), "inputs")), []);
});

test("--static gives each host one share by weight, and the shares give the unsharded result", async (farm) => {
  const hosts = await farm.hostsFile("w1 weight=3", "w2 weight=1", "w3 weight=1.5");
  const args = farm.run(hosts, { toys: 50, shards: 1, more: ["--static"] });
  const at = args.indexOf("--shards");
  const words = [...args.slice(0, at), ...args.slice(at + 2)];
  await farm.must(words);
  const dir = runDir(farm.folder);
  const { plans } = await readManifest(dir);
  assert.deepEqual(plans.map(({ host, weight, n_toys }) => [host, weight, n_toys]), [
    ["w1", 3, 27],
    ["w2", 1, 9],
    ["w3", 1.5, 14],
  ]);
  assert.deepEqual(await hostsOf(dir, 3), ["w1", "w2", "w3"]);
  await assertMerged(dir, { toys: 50 });
});

test("a hypothesis test on ssh hosts gives what one nextstat run of all toys prints", async (farm) => {
  const config = await writeWorkspace(farm.folder);
  await farm.must(farm.run(await farm.hostsFile(...HOSTS), { toys: 60, shards: 6, config, more: TEST_WORDS }));
  await assertTest(farm.folder, runDir(farm.folder), config);
});
