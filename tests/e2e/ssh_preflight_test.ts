import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Preflight } from "../../core/schema/preflight.ts";
import { withOldGlibc } from "../clusters/old_node.ts";
import { type SshFarm, sshFile } from "../clusters/ssh_hosts.ts";
import { namesIn, runDir } from "../support/farm.ts";

const test = sshFile();

const preflight = (farm: SshFarm, hosts: string, ...more: string[]) => [
  ...["preflight", "--hosts-file", hosts, "--ssh-config", farm.hosts.config],
  ...more,
];

test("preflight reports each host's cores, memory, load, nextstat, disk and clock", async (farm) => {
  const hosts = await farm.hostsFile("w1 weight=2", "w2 threads=1 user=farmer", "# none", "w3");
  await farm.hosts.on("w2", "mkdir -p bin && printf '#!/bin/sh\\necho nextstat 0.9.9\\n' >bin/ns && chmod +x bin/ns");
  const args = preflight(farm, hosts, "--nextstat-bin", "/home/farmer/bin/ns", "--remote-base-dir", "~/a b'c");
  const out = join(farm.folder, "preflight.json");
  const ran = await farm.must([...args, "--json", "--out", out]);
  const found = Preflight.parse(JSON.parse(ran.stdout));
  assert.deepEqual(found.stats.map((one) => [one.host, one.ok, one.hostname]), [
    ["w1", true, "w1"],
    ["w2", true, "w2"],
    ["w3", true, "w3"],
  ]);
  const cpus = navigator.hardwareConcurrency;
  for (const { logical_cores, farm: more } of found.stats) {
    assert.equal(logical_cores, cpus);
    assert.equal(more?.work_dir, "/home/farmer/a b'c");
    assert((more?.memory_bytes ?? 0) > (more?.memory_available_bytes ?? 0));
    assert((more?.work_dir_free_bytes ?? 0) > 0);
    assert.equal(more?.load_average?.length, 3);
    assert(Math.abs(more?.clock_offset_s ?? 9) <= (more?.round_trip_s ?? 0), "one machine has one clock");
  }
  assert.deepEqual(found.stats.map((one) => one.farm?.nextstat_version), [null, "0.9.9", null]);
  assert.deepEqual(found.stats.map((one) => [one.ssh_target, one.farm?.weight, one.farm?.threads]), [
    ["w1", 2, null],
    ["farmer@w2", null, 1],
    ["w3", null, null],
  ]);
  assert.deepEqual(Preflight.parse(JSON.parse(await readFile(out, "utf8"))), found);
});

test("preflight reports why a host is unreachable, and exits 0 while one can be used", async (farm) => {
  await farm.hosts.daemon("kill", "sshd-w3");
  const hosts = await farm.hostsFile("w1", "w2 user=nobody_there", "w3", "nosuch.invalid");
  const ran = await farm.must(preflight(farm, hosts));
  assert.match(ran.stdout, /^w1 +yes /m);
  assert.match(ran.stdout, /^nobody_there@w2 +no +ssh login failed/m);
  assert.match(ran.stdout, /^w3 +no +nothing listens on its ssh port/m);
  assert.match(ran.stdout, /^nosuch\.invalid +no +its name cannot be resolved/m);
  assert.match(ran.stdout, /^1 of 4 hosts can be used: /m);
  await farm.must(preflight(farm, await farm.hostsFile("w3", "nosuch.invalid")), 4);
});

test("preflight reports that two lines reach one machine and share its cores", async (farm) => {
  const ran = await farm.must(preflight(farm, await farm.hostsFile("w1", "farmer@w1", "w2")));
  assert.match(ran.stdout, /^farmer@w1 is the same machine as w1: they share its cores$/m);
  assert.match(ran.stdout, /^3 of 3 hosts can be used: .* on 2 machines$/m);
});

test("preflight gives up a host that hangs after --timeout-s", async (farm) => {
  await farm.hosts.daemon("stop", "sshd-w1");
  try {
    const ran = await farm.must(preflight(farm, await farm.hostsFile("w1", "w2"), "--timeout-s", "2"));
    assert.match(ran.stdout, /^w1 +no +(no answer within 2 s|it does not answer in time)/m);
  } finally {
    await farm.hosts.daemon("cont", "sshd-w1");
  }
});

test("preflight refuses a changed host key also with --accept-new, and an unknown one without", async (farm) => {
  const config = await readFile(farm.hosts.config, "utf8");
  const known = join(farm.folder, "known_hosts");
  const own = join(farm.folder, "ssh_config");
  await writeFile(
    own,
    config.replaceAll(/UserKnownHostsFile .*/g, `UserKnownHostsFile "${known}"`).replaceAll(
      / *StrictHostKeyChecking .*/g,
      "",
    ),
  );
  const keys = await readFile(join(farm.hosts.dir, "etc/known_hosts"), "utf8");
  await writeFile(
    known,
    keys.split("\n").filter((line) => line.startsWith("w2 ")).join("\n").replace("w2", "w1") + "\n",
  );
  const args = ["preflight", "--hosts-file", await farm.hostsFile("w1", "w3"), "--ssh-config", own];
  const strict = await farm.must(args, 4);
  assert.match(strict.stdout, /^w1 +no +its host key has changed/m);
  assert.match(strict.stdout, /^w3 +no +its host key is unknown/m);
  const accepted = await farm.must([...args, "--accept-new"]);
  assert.match(accepted.stdout, /^w1 +no +its host key has changed/m);
  assert.match(accepted.stdout, /^w3 +yes /m);
});

test("preflight refuses a hosts file with an option of ssh as a host, with the line, and runs nothing", async (farm) => {
  const pwned = join(farm.folder, "pwned");
  const hosts = await farm.hostsFile("w1", `'-oProxyCommand=touch ${pwned}'`);
  const ran = await farm.must(preflight(farm, hosts), 3);
  assert.match(ran.stderr, /line 2: .*begins like an option of ssh/);
  assert(!(await namesIn(farm.folder)).includes("pwned"));
});

test("preflight and status report the glibc of each host, and on an old one the sh wrapper runs the shards", async (farm) => {
  const hosts = await farm.hostsFile("w1", "w2");
  await withOldGlibc(farm.hosts, "w1", farm.hosts.open, async () => {
    const { stdout } = await farm.must(preflight(farm, hosts));
    assert.match(stdout, /^glibc older than 2\.27: w1 2\.17; the sh wrapper runs the shards there$/m);
    const found = Preflight.parse(JSON.parse((await farm.must([...preflight(farm, hosts), "--json"])).stdout));
    assert.equal(found.stats[0]?.farm?.glibc, "2.17");
    assert.match(found.stats[1]?.farm?.glibc ?? "", /^2\.\d+$/);
    // So many that the host that starts later has some too.
    await farm.must(farm.run(hosts, { toys: 48, shards: 24 }));
  });
  const status = await farm.must(["status", runDir(farm.folder)]);
  assert.match(status.stdout, /^glibc older than 2\.27: w1 2\.17; the sh wrapper runs the shards there$/m);
});
