import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { countDone, failedAttempts, readAttempts, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = sshFile({ hosts: 2, shared: true });

/** The parent of a process: a fit's is its wrapper, whose parent is the host's agent. */
async function parentOf(pid: number): Promise<number> {
  return Number(/\) \S (\d+) /.exec(await readFile(`/proc/${pid}/stat`, "utf8"))?.[1]);
}

test("on a shared file system shards run in the run directory, and nothing is sent", async (farm) => {
  const dir = runDir(farm.folder);
  const base = join(farm.folder, "base");
  const more = ["--remote-base-dir", base];
  const fake = await farm.standIn(
    ': >"$here/$(uname -n)"; until [ -e "$here/w1" ] && [ -e "$here/w2" ]; do sleep 0.1; done',
  );
  const options = { toys: 60, shards: 20, nextstat: fake.path, more };
  const driver = farm.start(farm.run(await farm.hostsFile("w1", "w2"), options));
  const sent = async () => await namesIn(join(base, (await namesIn(base))[0] ?? "", "w1"));
  await until("a host has begun", async () => (await sent()).includes("started"));
  assert(!(await sent()).includes(basename(fake.path)));
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /^w1: \d+ slots? x 1 thread, sharing the run directory$/m);
  await assertMerged(dir, { toys: 60 });
  const records = await Promise.all(Array.from({ length: 20 }, (_, i) => readRecord(dir, i)));
  assert.deepEqual([...new Set(records.map(({ host }) => host))].sort(), ["w1", "w2"]);
  assert.deepEqual(await namesIn(base), []);
});

test("--mode transfer sends all files also to a host that sees the run directory", async (farm) => {
  const args = farm.run(await farm.hostsFile("w1"), { toys: 6, shards: 3, more: ["--mode", "transfer"] });
  const ran = await farm.must(args);
  assert.match(ran.stderr, /^w1: \d+ slots? x 1 thread, files in \/home\/farmer\/nsfarm_runs$/m);
  await assertMerged(runDir(farm.folder), { toys: 6 });
});

test("a driver killed by SIGKILL finds the shards that ran on in the shared run directory", async (farm) => {
  const fake = await farm.standIn("sleep 0.5");
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 30, shards: 15, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("some are done", async () => await countDone(dir) >= 2);
  driver.kill("SIGKILL");
  await driver.ended;
  await farm.must(args);
  const log = await fake.log();
  assert.deepEqual(log.filter((line) => line.what === "double"), []);
  assert.equal(log.filter((line) => line.what === "end").length, 15);
  assert.deepEqual(await readAttempts(dir), []);
  await assertMerged(dir, { toys: 30 });
});

test("of two runs with the same id on the same hosts the first to end takes nothing from the other", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" = 0 ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const hosts = await farm.hostsFile("w1", "w2");
  const more = ["--mode", "transfer"];
  const long = farm.start(farm.run(hosts, { toys: 24, shards: 12, nextstat: fake.path, more }));
  const elsewhere = join(farm.folder, "elsewhere");
  const short = farm.run(hosts, { toys: 2, shards: 1, nextstat: fake.path, more })
    .map((word) => word === join(farm.folder, "runs") ? elsewhere : word);
  await until("the long one works", async () => await countDone(runDir(farm.folder)) >= 1);
  await farm.must(short);
  await fake.mark("go");
  const ran = await long.ended;
  assert.equal(ran.code, 0, ran.stderr);
  await assertMerged(join(elsewhere, "r"), { toys: 2 });
  await assertMerged(runDir(farm.folder), { toys: 24 });
  assert.equal((await fake.log()).filter(({ what }) => what === "end").length, 13);
});

test("a failing fit on the shared file system is one failed attempt, whatever commands run meanwhile", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 1 ] || { sleep 0.3; echo no >&2; exit 3; }`);
  const args = farm.run(await farm.hostsFile("w1"), { toys: 12, shards: 6, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  let going = true;
  driver.ended.then(() => going = false);
  while (going) await farm.must(["status", dir]).catch(() => {});
  assert.equal((await driver.ended).code, 5);
  assert.deepEqual(await failedAttempts(dir), ["1.1 exit"]);
});

test("an end that another command ingested first is that attempt's end, whatever the host's agent reports", async (farm) => {
  const fake = await farm.standIn(
    `until [ -e "$here/go" ]; do sleep 0.1; done; [ "$shard" != 1 ] || { echo no >&2; exit 3; }`,
  );
  const args = farm.run(await farm.hostsFile("w1"), { toys: 4, shards: 2, nextstat: fake.path });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("both run", async () => (await fake.log()).length >= 2);
  const fits = (await fake.log()).map(({ pid }) => pid);
  const agents = await Promise.all(fits.map(async (fit) => await parentOf(await parentOf(fit))));
  for (const pid of agents) Deno.kill(pid, "SIGSTOP");
  await fake.mark("go");
  await until("both have ended", async () => {
    await farm.must(["status", dir]);
    return await countDone(dir) === 1 && (await failedAttempts(dir)).includes("1.1 exit");
  });
  for (const pid of agents) Deno.kill(pid, "SIGCONT");
  assert.equal((await driver.ended).code, 5);
  assert.deepEqual(await failedAttempts(dir), ["1.1 exit"]);
});
