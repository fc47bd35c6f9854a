import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { metricsName } from "../../../core/run_paths.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { readJournal } from "../../../runtime/run/node_journal.ts";
import { beginAttempt, listAttempts, readAttempt } from "../../../runtime/shard/attempts.ts";
import { readShard } from "../../../runtime/shard/read.ts";
import type { WorkReport } from "../../../runtime/worker/executor.ts";
import { inventedRun, planOf, sampleAttempt } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { FakeHost } from "../support/fake_host.ts";
import { onSimulatedClock } from "../support/on_simulated_clock.ts";
import { type LoopChange, runOnHosts } from "../support/run_on_hosts.ts";

const S = 1000;

interface Farm {
  dir: string;
  manifest: FarmManifest;
  host(name: string, change?: Partial<FakeHost>): FakeHost;
  after(ms: number, act: () => void): void;
  /** Runs the loop; what it tells of hosts is kept. */
  run(change?: LoopChange): Promise<WorkReport>;
  printed: string[];
}

/** A run on fake hosts of two slots each, in simulated time. */
function onHosts(work: (farm: Farm) => Promise<void>, shards = 6): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    for (const name of ["", "incoming", "attempts"]) mkdirSync(join(dir, name));
    const manifest = { ...inventedRun(dir, { shards, n_toys: 2 * shards }), scheduler: "ssh" };
    Deno.writeTextFileSync(join(dir, "manifest.json"), JSON.stringify(manifest));
    Deno.env.set("XDG_STATE_HOME", join(dir, "state"));
    const [hosts, printed]: [FakeHost[], string[]] = [[], []];
    const host = (name: string, change = {}) => {
      hosts.push(Object.assign(new FakeHost(manifest, name), change));
      return hosts.at(-1) ?? assert.fail();
    };
    const after = (ms: number, act: () => void) => void setTimeout(act, ms);
    await onSimulatedClock(() =>
      work({
        dir,
        manifest,
        host,
        after,
        printed,
        run: (change = {}) => runOnHosts(manifest, hosts, change, printed),
      })
    );
  });
}

/** The host that did each shard; null where it is not done. */
const doneBy = ({ dir, manifest }: Farm) =>
  manifest.plans.map((plan) => {
    const found = readShard(dir, manifest, plan);
    return found.kind === "done" ? found.metrics.farm.host : null;
  });

/** How the attempts that are on file have ended: `SHARD.ATTEMPT CAUSE`. */
const ends = ({ dir }: Farm) =>
  [...listAttempts(dir)].flatMap(([shard, all]) =>
    all.map((n) => `${shard}.${n} ${readAttempt(dir, shard, n)?.end?.cause ?? "open"}`)
  ).sort();

const sorted = (shards: number[]) => [...shards].sort((a, b) => a - b);
const WHOLE = { done: 6, failed: [], elsewhere: [], left: [] };

Deno.test("a host that connects late runs shards from then on, and delays no other host", () =>
  onHosts(async (farm) => {
    const [w1, w2] = [farm.host("w1"), farm.host("w2", { connect_ms: 500 })];
    assert.deepEqual(await farm.run(), WHOLE);
    assert.deepEqual([w1.begun.slice(0, 4), w2.begun[0]], [[0, 1, 2, 3], 4]);
    assert.deepEqual(w1.sent.at(-1), "tidy");
    assert.deepEqual(ends(farm), []);
  }));

Deno.test("shards on a host whose connection drops continue, and are found when it returns: running, or ended", () =>
  onHosts(async (farm) => {
    const w1 = farm.host("w1", { fit_ms: 5 * S });
    farm.after(4 * S, () => w1.drop());
    farm.after(4.2 * S, () => w1.isUp = true);
    farm.after(8 * S, () => w1.drop());
    farm.after(13 * S, () => w1.isUp = true);
    assert.deepEqual(await farm.run(), WHOLE);
    assert.deepEqual(w1.begun, [0, 1, 2, 3, 4, 5]);
    assert.equal(w1.sent.filter((line) => line.startsWith("find ")).length, 4);
    assert.match(
      farm.printed[1] ?? "",
      /^w1: the connection broke; shards started there go on, and the host is tried again$/,
    );
  }));

Deno.test("a host that is silent too long is lost: its shards run elsewhere, and it keeps no open attempt", () =>
  onHosts(async (farm) => {
    const [w1, w2] = [farm.host("w1"), farm.host("w2", { fit_ms: 60 * S })];
    farm.after(1 * S, () => w2.drop());
    assert.deepEqual(await farm.run({ host_lost_s: 20 }), WHOLE);
    assert.deepEqual(doneBy(farm), Array(6).fill("w1"));
    assert.deepEqual(sorted([...w1.begun]), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(ends(farm), sorted([...w2.begun]).map((shard) => `${shard}.1 terminated`));
  }));

Deno.test("a host that is silent for less than that keeps its shards", () =>
  onHosts(async (farm) => {
    const [w1, w2] = [farm.host("w1"), farm.host("w2", { fit_ms: 15 * S })];
    farm.after(1 * S, () => w2.drop());
    farm.after(10 * S, () => w2.isUp = true);
    assert.deepEqual(await farm.run({ host_lost_s: 20 }), WHOLE);
    assert.deepEqual(sorted([...w1.begun, ...w2.begun]), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(doneBy(farm).filter((name) => name === "w2").length, 2);
  }));

Deno.test("a lost host that returns with its result before the others have theirs has done its shard", () =>
  onHosts(async (farm) => {
    const [w1, w2] = [farm.host("w1"), farm.host("w2", { fit_ms: 10 * S })];
    farm.after(1 * S, () => w2.drop());
    farm.after(15 * S, () => w1.fit_ms = 600 * S);
    farm.after(30 * S, () => w2.isUp = true);
    assert.deepEqual(await farm.run({ host_lost_s: 20 }), WHOLE);
    assert.equal(w1.begun.length, 6);
    assert.equal(doneBy(farm).filter((name) => name === "w2").length, 2);
    const killed = w1.sent.filter((line) => /^stop .* KILL$/.test(line));
    assert.equal(killed.length, 2, "what runs in vain is ended");
  }));

Deno.test("shards on a host that left the hosts file run elsewhere once it is lost, and its attempts get their ends", () =>
  onHosts(async (farm) => {
    const { dir, manifest } = farm;
    const remote = { host: "w9", clock_offset_s: null };
    for (const shard of [0, 3]) {
      const attempt = sampleAttempt(manifest, planOf(manifest, shard), { remote, attempt_token: `ssh-${shard}` });
      assert(beginAttempt(dir, { ...attempt, wrapper: { ...attempt.wrapper, host: "elsewhere" } }));
    }
    const w1 = farm.host("w1");
    assert.deepEqual(await farm.run({ host_lost_s: 20 }), WHOLE);
    assert.deepEqual(w1.begun, [1, 2, 4, 5, 0, 3]);
    assert.deepEqual(ends(farm), ["0.1 terminated", "3.1 terminated"]);
  }));

Deno.test("attempts of an earlier driver on a host are found by the next driver, and started once", () =>
  onHosts(async (farm) => {
    const { dir, manifest } = farm;
    const attempt = sampleAttempt(manifest, planOf(manifest, 2), {
      ...{ remote: { host: "w1", clock_offset_s: null }, attempt_token: "ssh-2" },
    });
    assert(beginAttempt(dir, attempt));
    const w1 = farm.host("w1");
    w1.begin("ssh-2", 2);
    assert.deepEqual(await farm.run(), WHOLE);
    assert.deepEqual(sorted(w1.begun), [0, 1, 2, 3, 4, 5]);
  }));

Deno.test("a shard that kills its wrapper on two hosts is given up, and the others run to their end", () =>
  onHosts(async (farm) => {
    const fate = (shard: number) => shard === 0 ? "dies" as const : "ok" as const;
    const [w1, w2] = [farm.host("w1", { fate }), farm.host("w2", { fate })];
    const report = await farm.run();
    assert.deepEqual(report, { ...WHOLE, done: 5, failed: [0] });
    assert.deepEqual([w1, w2].map(({ begun }) => begun.includes(0)), [true, true]);
    assert.deepEqual(ends(farm), ["0.1 signal", "0.2 signal", "0.3 signal"]);
    assert.equal(farm.printed.filter((words) => /is paused for/.test(words)).length, 1);
  }));

Deno.test("a host with consecutive failures is set aside, gets one shard later, and continues when that is done", () =>
  onHosts(async (farm) => {
    const w2 = farm.host("w2", { fate: () => "exit", fit_ms: 100 });
    farm.host("w1", { fit_ms: 50 });
    farm.after(400, () => w2.fate = () => "ok");
    assert.deepEqual(await farm.run({ host_retry_s: 0.5 }), { ...WHOLE, done: 60 });
    const ours = farm.printed.filter((words) => /^w2 /.test(words));
    assert.match(ours[0] ?? "", /^w2 is paused for 0\.5 s: 3 shards in a row failed there, the last one: /);
    assert.deepEqual(ours.slice(1), ["w2 runs shards again"]);
    assert.equal(ends(farm).filter((one) => !one.endsWith("1 exit")).length, 0);
  }, 60));

Deno.test("a host that fails its trial is set aside for twice as long", () =>
  onHosts(async (farm) => {
    farm.host("w2", { fate: () => "dies", fit_ms: 100 });
    farm.host("w1", { fit_ms: 3 * S });
    assert.deepEqual(await farm.run({ host_retry_s: 5 }), { ...WHOLE, done: 12 });
    const ours = farm.printed.filter((words) => /^w2 is paused/.test(words)).map((words) => words.slice(0, 21));
    assert.deepEqual(ours, ["w2 is paused for 5 s:", "w2 is paused for 10 s"]);
  }, 12));

/** The faults that a pool has recorded of hosts: `NODE CAUSE: WORDS`. */
const faultsIn = ({ dir }: Farm) =>
  readJournal(join(dir, "state", "nsfarm-deno", "nodes"), Date.now()).faults
    .map(({ node, cause, what }) => `${node} ${cause}: ${what}`);

Deno.test("a host that cannot be used at the end is recorded as at fault, where others can", () =>
  onHosts(async (farm) => {
    farm.host("w7", { fate: () => "dies", fit_ms: 100 });
    farm.host("w8");
    farm.host("w9", { isUp: false });
    assert.deepEqual(await farm.run(), WHOLE);
    assert.match(faultsIn(farm).sort().join("\n"), /^w7 unreachable: .+\nw9 unreachable: no route to it$/);
  }));

Deno.test("where no host can be used, none is recorded as at fault", () =>
  onHosts(async (farm) => {
    for (const name of ["w5", "w6"]) farm.host(name, { isUp: false });
    await assert.rejects(farm.run());
    assert.deepEqual(faultsIn(farm), []);
  }));

Deno.test("a run without any reachable host ends at once, with the reason of each host", () =>
  onHosts(async (farm) => {
    for (const name of ["w1", "w2"]) farm.host(name, { isUp: false });
    const begin = performance.now();
    const run = farm.run({ host_retry_s: 600 });
    await assert.rejects(run, /Cannot use any host: w1: no route to it; w2: no route to it/);
    assert.ok(performance.now() - begin < 5 * S, "no pause of a host is waited for");
  }));

Deno.test("the loop gives up when all hosts stay unreachable, and leaves their shards to the next loop", () =>
  onHosts(async (farm) => {
    const w1 = farm.host("w1", { fit_ms: 10 * S });
    farm.after(1 * S, () => w1.drop());
    assert.deepEqual(await farm.run({ host_retry_s: 1 }), {
      done: 0,
      failed: [],
      elsewhere: [],
      left: [0, 1, 2, 3, 4, 5],
    });
    assert.deepEqual(farm.printed.slice(-1), ["given up: no host can be used: w1: no route to it"]);
    assert.deepEqual(ends(farm), ["0.1 open", "1.1 open"]);
  }));

Deno.test("a stopped loop stops its shards, with SIGTERM first, and does not wait for an unreachable host", () =>
  onHosts(async (farm) => {
    const [w1, w2] = [farm.host("w1", { fit_ms: 60 * S }), farm.host("w2", { fit_ms: 60 * S })];
    w1.fate = (shard) => w1.begun[0] === shard ? "stays" : "ok";
    const stop = new AbortController();
    farm.after(1 * S, () => w2.drop());
    farm.after(2 * S, () => stop.abort());
    const { left } = await farm.run({ stop: stop.signal });
    assert.deepEqual(left, [4, 5, ...w2.begun].sort());
    const signals = w1.sent.filter((line) => line.startsWith("stop ")).map((line) => line.split(" ")[2]);
    assert.deepEqual(signals, ["TERM", "TERM", "KILL"]);
    assert.deepEqual(ends(farm).map((one) => one.split(" ")[1]).sort(), ["open", "open", "terminated", "terminated"]);
  }));

Deno.test("a time limit that passes while the connection is down applies when it is back", () =>
  onHosts(async (farm) => {
    const w1 = farm.host("w1", { fate: (shard) => shard < 2 ? "stays" : "ok" });
    farm.after(1 * S, () => w1.drop());
    farm.after(6 * S, () => w1.isUp = true);
    assert.deepEqual(await farm.run({ time_limit_s: 5, host_retry_s: 4, host_lost_s: 60 }), {
      ...WHOLE,
      ...{ done: 4, failed: [0, 1] },
    });
    assert.deepEqual(ends(farm), ["0.1 time", "1.1 time"]);
  }));

Deno.test("the second of two names of one machine gets no slots", () =>
  onHosts(async (farm) => {
    const [w1, w1b] = [farm.host("w1"), farm.host("w1b", { connect_ms: 50 })];
    Object.assign(w1b.facts, { boot_id: w1.facts.boot_id });
    assert.deepEqual(await farm.run(), WHOLE);
    assert.deepEqual(w1b.begun, []);
    assert(farm.printed.includes("w1b is the same machine as w1: it gets no slots"));
  }));

Deno.test("a loop that only drains hosts stops the shards of an earlier loop, and starts none", () =>
  onHosts(async (farm) => {
    const { dir, manifest } = farm;
    const remote = { host: "w1", clock_offset_s: null };
    assert(beginAttempt(dir, sampleAttempt(manifest, planOf(manifest, 2), { remote, attempt_token: "ssh-2" })));
    const w1 = farm.host("w1", { fit_ms: 60 * S });
    w1.begin("ssh-2", 2);
    assert.deepEqual((await farm.run({ drain: true })).left, []);
    assert.deepEqual(w1.begun, [2]);
    assert.deepEqual(ends(farm), ["2.1 terminated"]);
  }));

Deno.test("a record that is removed while the loop runs keeps no folder on a host: no other loop needs one for that", () =>
  onHosts(async (farm) => {
    const fate = (shard: number) => {
      if (shard === 5) Deno.removeSync(join(farm.dir, metricsName(1)));
      return "ok" as const;
    };
    const w1 = farm.host("w1", { fate });
    assert.deepEqual(await farm.run(), WHOLE);
    assert.equal(w1.sent.at(-1), "tidy");
    assert.deepEqual(await farm.run(), WHOLE);
  }));

/** Runs a farm of so many hosts, and returns how often the output of its first shard was opened. */
function readsWith(hosts: number): Promise<number> {
  let reads = 0;
  const real = Deno.openSync;
  Reflect.set(Deno, "openSync", (path: string, options: Deno.OpenOptions) => {
    if (path.endsWith("/r/shard_0.out.json")) reads++;
    return real(path, options);
  });
  const work = async (farm: Farm) => {
    for (let i = 1; i <= hosts; i++) farm.host(`w${i}`);
    assert.deepEqual(await farm.run(), WHOLE);
  };
  return onHosts(work).then(() => reads).finally(() => Deno.openSync = real);
}

Deno.test("at the end of a run its shards are read once for all hosts together", async () => {
  const one = await readsWith(1);
  assert(one > 0);
  assert.equal(await readsWith(3), one);
});

Deno.test("a share waits for its host, until that host is given up", () =>
  onHosts(async (farm) => {
    Object.assign(farm.manifest.farm.options, { static: true });
    for (const [i, plan] of farm.manifest.plans.entries()) plan.host = i % 2 === 0 ? "w1" : "w2";
    const [w1, w2] = [farm.host("w1"), farm.host("w2", { isUp: false, connect_ms: 3 * S })];
    assert.deepEqual(await farm.run(), WHOLE);
    assert.deepEqual(w1.begun, [0, 2, 4, 1, 3, 5]);
    assert.deepEqual(w2.begun, []);
  }));
