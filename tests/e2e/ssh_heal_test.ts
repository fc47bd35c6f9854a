import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostFolder } from "../../core/ssh/host_facts.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sentFiles, sshFile } from "../clusters/ssh_hosts.ts";
import { runDir } from "../support/farm.ts";
import { countDone, failedAttempts, readAttempts, readManifest, readRecord } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";

const test = sshFile();
const SOON = ["--host-retry-s", "0.5"];
/** Kills the wrapper, as the kernel does where memory is short. */
const KILL_WRAPPER = "kill -9 $PPID; sleep 5";

test("a failing share of a --static run ends the run with 5, on the hosts that it was made for", async (farm) => {
  const fake = await farm.standIn("exit 3");
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 4, shards: 1, nextstat: fake.path });
  const at = args.indexOf("--shards");
  const ran = await farm.must([...args.slice(0, at), ...args.slice(at + 2), "--static", ...SOON], 5);
  assert.match(ran.stderr, /shard 0: .*exit 3/);
  assert.match(ran.stderr, /shard 1: .*exit 3/);
});

test("a failing shard on one machine under two names ends the run with 5", async (farm) => {
  const config = await readFile(farm.hosts.config, "utf8");
  const own = join(farm.folder, "ssh_config");
  await writeFile(own, config.replace(/^Host w1$/m, "Host w1 w1b"));
  const fake = await farm.standIn(`[ "$shard" != 1 ] || exit 3`);
  const hosts = await farm.hostsFile("w1", "w1b");
  const more = [...SOON, "--ssh-config", own];
  const ran = await farm.must(farm.run(hosts, { toys: 6, shards: 3, nextstat: fake.path, more }), 5);
  assert.match(ran.stderr, /is the same machine as/);
  assert.equal(await countDone(runDir(farm.folder)), 2);
});

test("a shard that kills its wrapper on two hosts is given up, and healthy shards run to their end", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 0 ] || { ${KILL_WRAPPER}; }; sleep 3`);
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 12, shards: 6, nextstat: fake.path, more: SOON });
  await farm.must(args, 5);
  const dir = runDir(farm.folder);
  assert.equal(await countDone(dir), 5);
  const failed = await failedAttempts(dir);
  assert(failed.length >= 2 && failed.every((one) => /^0\.\d+ signal$/.test(one)), failed.join(", "));
});

test("a shard that failed everywhere is found done when another process commits it", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 0 ] || [ -e "$here/go" ] || exit 3; sleep 1`);
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 24, shards: 12, nextstat: fake.path, more: SOON });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("shard 0 has failed", async () => (await failedAttempts(dir)).length >= 1);
  await fake.mark("go");
  await driver.ended;
  await farm.must(args);
  await assertMerged(dir, { toys: 24 });
});

test("extend beside a background driver: each loop does its shards, and the last one empties the hosts", async (farm) => {
  const fake = await farm.standIn("sleep 0.7");
  const [, ...words] = farm.run(await farm.hostsFile("w1", "w2"), {
    ...{ toys: 16, shards: 8, nextstat: fake.path, id: "extended" },
    more: [...SOON, "--mode", "transfer"],
  });
  const dir = runDir(farm.folder, "extended");
  await farm.must(["render", ...words]);
  await farm.must(["submit", dir]);
  await until("one is done", async () => await countDone(dir) >= 1);
  await farm.must(["extend", dir, "--n-toys", "+8", "--wait"]);
  await assertMerged(dir, { toys: 24 });
  // The run is whole before the last attempt's file is gone.
  await until("no attempt is left", async () => (await failedAttempts(dir)).length === 0);
  const left = async (host: string) => (await sentFiles(farm.hosts, host, dir)).length;
  await until("the hosts are empty", async () => await left("w1") + await left("w2") === 0);
});

test("a host that left the hosts file is lost after --host-lost-s: its shards run elsewhere, and it keeps no open attempt", async (farm) => {
  const fake = await farm.standIn(`[ "$(uname -n)" != w3 ] || sleep 20; sleep 0.3`);
  const more = [...SOON, "--host-lost-s", "1"];
  const options = { toys: 24, shards: 12, nextstat: fake.path, more };
  const args = farm.run(await farm.hostsFile("w1", "w2", "w3"), options);
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("w3 has begun", async () => (await farm.hosts.processes("w3")).some((one) => one.includes("stand-in")));
  driver.kill("SIGKILL");
  await driver.ended;
  await farm.hostsFile("w1", "w2");
  await farm.must(args);
  await assertMerged(dir, { toys: 24 });
  const records = await Promise.all(Array.from({ length: 12 }, (_, i) => readRecord(dir, i)));
  assert(!records.some(({ host }) => host === "w3"));
  assert((await readAttempts(dir)).every(({ end }) => end?.cause === "terminated"));
  await farm.hosts.daemon("kill", "node-w3");
});

test("after the background driver was killed, cancel stops the shards on the hosts, and retry continues", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/go" ] || exec sleep 60`);
  const [, ...words] = farm.run(await farm.hostsFile("w1", "w2"), { toys: 12, shards: 6, nextstat: fake.path });
  const dir = runDir(farm.folder);
  await farm.must(["render", ...words]);
  const pid = Number(/^ssh job (\d+)/m.exec((await farm.must(["submit", dir])).stdout)?.[1]);
  await until("some run", async () => (await fake.log()).length >= 4);
  Deno.kill(pid, "SIGKILL");
  await until("the driver is gone", async () => (await farm.must(["work", dir, "--ask"])).stdout.includes("no worker"));
  const status = await farm.must(["status", dir]);
  assert.match(
    status.stdout + status.stderr,
    /4 shards may still run on w\d, w\d, but no process follows them; .*retry .*cancel/,
  );
  assert.match((await farm.must(["cancel", dir])).stdout, /^stopped on their hosts: shards? [0-9, -]+$/m);
  for (const host of ["w1", "w2"]) assert.deepEqual(await farm.hosts.fits(host), [], host);
  await fake.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 12 });
});

test("after the background driver was killed, submit starts another one that finds the shards on the hosts", async (farm) => {
  const fake = await farm.standIn("sleep 2");
  const [, ...words] = farm.run(await farm.hostsFile("w1", "w2"), { toys: 8, shards: 4, nextstat: fake.path });
  const dir = runDir(farm.folder);
  await farm.must(["render", ...words]);
  const pid = Number(/^ssh job (\d+)/m.exec((await farm.must(["submit", dir])).stdout)?.[1]);
  await until("all run", async () => (await fake.log()).length >= 4);
  Deno.kill(pid, "SIGKILL");
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.deepEqual((await fake.log()).filter(({ what }) => what === "start").length, 4);
});

test("a login that prints a line of its own changes nothing, also where files are sent", async (farm) => {
  const banner = 'printf "*** Welcome ***\\nread the rules" >&1';
  await farm.hosts.on("w1", `printf '%s\n' '${banner}' >$HOME/.bashrc`);
  try {
    const args = farm.run(await farm.hostsFile("w1"), { toys: 6, shards: 3, more: [...SOON, "--mode", "transfer"] });
    await farm.must(args);
    await assertMerged(runDir(farm.folder), { toys: 6 });
  } finally {
    await farm.hosts.on("w1", "rm -f $HOME/.bashrc");
  }
});

test("a time limit that passes while the connection is down applies when it is back", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" -ge 2 ] || exec sleep 100`);
  const more = ["--host-retry-s", "4", "--host-lost-s", "60", "--ssh-time", "00:00:06"];
  const args = farm.run(await farm.hostsFile("w1"), { toys: 6, shards: 3, nextstat: fake.path, more });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("they run", async () => (await fake.log()).length >= 2);
  await farm.hosts.daemon("kill", "sshd-w1");
  await pause(7000);
  await farm.hosts.daemon("start", "sshd-w1");
  assert.equal((await driver.ended).code, 5);
  assert.deepEqual(await failedAttempts(dir), ["0.1 time", "1.1 time"]);
});

test("files of a whole run on a host that went away at the end are removed by the same command later", async (farm) => {
  const fake = await farm.standIn("sleep 0.2");
  const args = farm.run(await farm.hostsFile("w1"), {
    ...{ toys: 4, shards: 2, nextstat: fake.path, id: "left" },
    more: [...SOON, "--mode", "transfer"],
  });
  await farm.must(args);
  const dir = runDir(farm.folder, "left");
  // As a driver leaves it that was killed, or whose connection broke, when all was done.
  const folder = `/home/farmer/nsfarm_runs/${hostFolder(await readManifest(dir), "w1")}`;
  await farm.hosts.onNode("w1", "su", "farmer", "-c", `mkdir -p '${folder}/started'`);
  await writeFile(join(dir, "hosts/w1"), "");
  await farm.hosts.daemon("kill", "sshd-w1");
  const away = await farm.must(args);
  assert.match(
    away.stderr,
    /w1: the run's folder is still there; repeat the command when the host answers to remove it/,
  );
  await farm.hosts.daemon("start", "sshd-w1");
  await farm.must(args);
  assert.deepEqual(await sentFiles(farm.hosts, "w1", dir), []);
  assert.deepEqual(await readdir(join(dir, "hosts")), []);
});
