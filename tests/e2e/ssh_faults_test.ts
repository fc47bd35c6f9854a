import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { countDone, failedAttempts, finalNames, readAttempts, readRecord } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";
import type { StandIn } from "../support/stand_in.ts";

const test = sshFile();
const HOSTS = ["w1", "w2", "w3"];
const SOON = ["--host-retry-s", "0.5"];

async function assertOnce(fake: StandIn, shards: number): Promise<void> {
  const log = await fake.log();
  assert.deepEqual(log.filter((line) => line.what === "double"), []);
  const ends = log.filter((line) => line.what === "end").map((line) => line.shard).sort((a, b) => a - b);
  assert.deepEqual(ends, Array.from({ length: shards }, (_, i) => i));
}

const UNTIL_GO = 'until [ -e "$here/go" ]; do sleep 0.1; done';

/** What a fit does only on one host. */
const onlyOn = (host: string, what: string) => `[ "$(uname -n)" != ${host} ] || { ${what}; }`;

test("the sshd of a host is killed with all sessions and comes back: shards there are found, nothing runs twice", async (farm) => {
  const fake = await farm.standIn(`${onlyOn("w2", UNTIL_GO)}\nsleep 1`);
  const args = farm.run(await farm.hostsFile(...HOSTS), { toys: 48, shards: 24, nextstat: fake.path, more: SOON });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  const begun = async () => (await farm.hosts.fits("w2")).length > 0;
  await until("some are done, and w2 works", async () => await countDone(dir) >= 4 && await begun());
  await farm.hosts.daemon("kill", "sshd-w2");
  await fake.mark("go");
  await pause(1500);
  await farm.hosts.daemon("start", "sshd-w2");
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /^w2: .*; shards started there go on, and the host is tried again$/m);
  await assertOnce(fake, 24);
  await assertMerged(dir, { toys: 48 });
  assert.deepEqual(await readAttempts(dir), []);
});

test("the sshd of a host is killed and does not come back: after --host-lost-s others rerun its shards", async (farm) => {
  const fake = await farm.standIn(onlyOn("w3", UNTIL_GO));
  const more = [...SOON, "--host-lost-s", "3"];
  const args = farm.run(await farm.hostsFile(...HOSTS), { toys: 32, shards: 16, nextstat: fake.path, more });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("w3 has begun", async () => (await farm.hosts.processes("w3")).some((one) => one.includes("stand-in")));
  await farm.hosts.daemon("kill", "sshd-w3");
  const ran = await driver.ended;
  await fake.mark("go");
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /^w3 is paused for [\d.]+ s: nothing listens on its ssh port$/m);
  await assertMerged(dir, { toys: 32 });
  const records = await Promise.all(Array.from({ length: 16 }, (_, i) => readRecord(dir, i)));
  assert(!records.some(({ host }) => host === "w3"));
});

test("hosts that are unreachable at the start are set aside with a message, and the others do all shards", async (farm) => {
  await farm.hosts.daemon("kill", "sshd-w1");
  const hosts = await farm.hostsFile("w1", "nosuch.invalid", "w2");
  const ran = await farm.must(farm.run(hosts, { toys: 12, shards: 6, more: SOON }));
  assert.match(ran.stderr, /^w1 is paused for 0\.5 s: nothing listens on its ssh port/m);
  assert.match(ran.stderr, /^nosuch\.invalid is paused for 0\.5 s: its name cannot be resolved/m);
  await assertMerged(runDir(farm.folder), { toys: 12 });
});

test("without any usable host the run ends with 4 and each host's reason, and continues when one is back", async (farm) => {
  await farm.hosts.daemon("kill", "sshd-w1");
  const args = farm.run(await farm.hostsFile("w1", "w2 user=nobody_there"), { toys: 4, shards: 2, more: SOON });
  const ran = await farm.must(args, 4);
  assert.match(
    ran.stderr,
    /Cannot use any host: w1: nothing listens on its ssh port; nobody_there@w2: ssh login failed/,
  );
  await farm.hosts.daemon("start", "sshd-w1");
  await farm.must(args);
  await assertMerged(runDir(farm.folder), { toys: 4 });
});

test("a host whose disk is too full for the run's files is set aside and the others do all shards", async (farm) => {
  await farm.hosts.onNode("w2", "mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs", "/scratch");
  try {
    const more = [...SOON, "--remote-base-dir", "/scratch/farm"];
    const ran = await farm.must(farm.run(await farm.hostsFile("w1", "w2"), { toys: 12, shards: 6, more }));
    assert.match(ran.stderr, /^w2 is paused for .*: nextstat cannot be sent there: its disk is full/m);
    await assertMerged(runDir(farm.folder), { toys: 12 });
  } finally {
    await farm.hosts.onNode("w2", "umount", "/scratch");
  }
});

test("a host whose disk fills up while it works is set aside, and its shards run elsewhere", async (farm) => {
  await farm.hosts.onNode("w2", "mount", "-t", "tmpfs", "-o", "size=512k,mode=1777", "tmpfs", "/scratch");
  try {
    const fake = await farm.standIn(onlyOn("w2", "cat /dev/zero >>/scratch/fill 2>/dev/null"));
    const more = [...SOON, "--remote-base-dir", "/scratch/farm"];
    const options = { toys: 24, shards: 12, nextstat: fake.path, more };
    const ran = await farm.must(farm.run(await farm.hostsFile("w1", "w2"), options));
    assert.match(ran.stderr, /the disk is full.*; retrying it$/m);
    assert.match(ran.stderr, /^w2 is paused for /m);
    await assertMerged(runDir(farm.folder), { toys: 24 });
    const ends = (await readAttempts(runDir(farm.folder))).map(({ end }) => end);
    assert.deepEqual(ends.filter((end) => end?.cause !== "disk"), []);
  } finally {
    await farm.hosts.onNode("w2", "umount", "/scratch");
  }
});

test("a host with another nextstat version is refused, and does no shard", async (farm) => {
  const place = "$HOME/own";
  const wrapper = (version: string) =>
    `mkdir -p ${place} && printf '#!/bin/sh\\n[ "$1" != --version ] || { echo nextstat ${version}; exit; }\\nexec ${
      join(farm.hosts.open, "nextstat")
    } "$@"\\n' >${place}/nextstat && chmod +x ${place}/nextstat`;
  await farm.hosts.on("w1", wrapper("0.10.1"));
  await farm.hosts.on("w2", wrapper("0.10.0"));
  const more = [...SOON, "--remote-nextstat-bin", "/home/farmer/own/nextstat"];
  const ran = await farm.must(farm.run(await farm.hostsFile("w1", "w2", "w3"), { toys: 12, shards: 6, more }));
  assert.match(
    ran.stderr,
    /^w2 is paused for .*: nextstat there is version 0\.10\.0, the run was rendered with 0\.10\.1/m,
  );
  assert.match(ran.stderr, /^w3 is paused for .*: no nextstat/m);
  await assertMerged(runDir(farm.folder), { toys: 12 });
  const records = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => readRecord(runDir(farm.folder), i)));
  assert.deepEqual([...new Set(records.map(({ host }) => host))], ["w1"]);
});

test("a host with a changed key is not used, with a message", async (farm) => {
  const config = await readFile(farm.hosts.config, "utf8");
  const known = join(farm.folder, "known_hosts");
  const own = join(farm.folder, "ssh_config");
  await writeFile(own, config.replaceAll(/UserKnownHostsFile .*/g, `UserKnownHostsFile "${known}"`));
  const keys = (await readFile(join(farm.hosts.dir, "etc/known_hosts"), "utf8")).split("\n");
  const keyOf = (host: string) => keys.find((line) => line.startsWith(`${host} `)) ?? "";
  await writeFile(known, `${keyOf("w2").replace("w2", "w1")}\n${keyOf("w3")}\n`);
  const hosts = await farm.hostsFile("w1", "w3");
  const args = farm.run(hosts, { toys: 8, shards: 4, more: [...SOON, "--ssh-config", own, "--accept-new"] });
  const ran = await farm.must(args);
  assert.match(ran.stderr, /^w1 is paused for .*: its host key has changed/m);
  await assertMerged(runDir(farm.folder), { toys: 8 });
});

test("a hosts file with an option of ssh as a host is refused before anything is written", async (farm) => {
  const hosts = await farm.hostsFile("w1", `'-oProxyCommand=touch ${join(farm.folder, "pwned")}'`);
  const ran = await farm.must(farm.run(hosts, { toys: 4, shards: 2 }), 3);
  assert.match(ran.stderr, /line 2: .*begins like an option of ssh/);
  assert.deepEqual(await namesIn(join(farm.folder, "runs")), []);
  assert(!(await namesIn(farm.folder)).includes("pwned"));
});

test("a fit that exits with 255 on every host is a failed shard, never a fault of the connection", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 2 ] || { echo "no luck" >&2; exit 255; }`);
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 12, shards: 6, nextstat: fake.path, more: SOON });
  const dir = runDir(farm.folder);
  const ran = await farm.must(args, 5);
  assert.match(ran.stderr, /shard 2: nextstat ended with an error \(exit 255\): no luck; retrying it/);
  assert.deepEqual(await failedAttempts(dir), ["2.1 exit", "2.2 exit"]);
  const attempts = await readAttempts(dir);
  assert.deepEqual(attempts.map(({ end }) => end?.exit_code), [255, 255]);
  assert.deepEqual(attempts.map(({ end }) => end?.host).sort(), ["w1", "w2"]);
  assert.equal((await finalNames(dir)).length, 10);
});

test("a shard that fails on one host is run on another; a host that keeps failing is set aside and tried again", async (farm) => {
  const fake = await farm.standIn(
    onlyOn("w2", `[ -e "$here/mended" ] || { echo broken >&2; exit 7; }`) + "\nsleep 0.2",
  );
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 60, shards: 60, nextstat: fake.path, more: SOON });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("w2 has failed", async () => (await failedAttempts(dir)).length >= 3);
  await pause(1000);
  await fake.mark("mended");
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /^w2 is paused for .*: \d+ shards in a row failed there, the last one: broken/m);
  assert.match(ran.stderr, /^w2 runs shards again$/m);
  assert((await failedAttempts(dir)).every((one) => one.endsWith(" exit")));
  await assertMerged(dir, { toys: 60 });
});

test("all processes on a host are killed as in a crash: its shards run elsewhere, and it is used again", async (farm) => {
  const fake = await farm.standIn(onlyOn("w2", UNTIL_GO));
  const args = farm.run(await farm.hostsFile("w1", "w2"), { toys: 40, shards: 20, nextstat: fake.path, more: SOON });
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("w2 works", async () => (await farm.hosts.processes("w2")).some((one) => one.includes("stand-in")));
  await farm.hosts.daemon("kill", "node-w2");
  await fake.mark("go");
  await farm.hosts.daemon("start", "sshd-w2");
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /Its process disappeared without recording its end/);
  await assertMerged(dir, { toys: 40 });
});

test("a shard that runs longer than --ssh-time is stopped and reported as a time-out", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 1 ] || exec sleep 100`);
  const more = [...SOON, "--ssh-time", "00:00:08"];
  await farm.must(farm.run(await farm.hostsFile("w1"), { toys: 6, shards: 3, nextstat: fake.path, more }), 5);
  assert.deepEqual(await failedAttempts(runDir(farm.folder)), ["1.1 time"]);
});
