import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { livePlans } from "../../../../core/check_manifest.ts";
import { METRICS_SCHEMA } from "../../../../core/schema/shard_record.ts";
import { fitFiles } from "../../../../runtime/shard/context.ts";
import { readShard } from "../../../../runtime/shard/read.ts";
import { collectRun } from "../../../../runtime/state/collect.ts";
import { sampleFrame } from "../../../fixtures/output.ts";
import type { CacheTimes } from "./client_cache.ts";
import { type Fate, type Job, Life, manifestOf, QUIET, type Schedule, type Window } from "./job.ts";
import { stamp } from "./nfs_client.ts";
import { ACTORS, type Fit, sharedMemory, Turns } from "./turns.ts";

/** How long clients of NFS and of FUSE keep in mind what they were answered (nfs(5), acregmin to acdirmax). */
const CACHED_MS = [0, 3000, 30_000, 60_000];
/** How likely it is at each call that the same process goes on. */
const STAY = [0, 0.5, 0.8, 0.9, 0.95];
const METRICS = JSON.stringify({ schema_version: METRICS_SCHEMA, status: { ok: true }, timing: {} });

/** The threads of the machines, and the world around them. */
export class Schedules {
  readonly #memory = sharedMemory();
  readonly #turns = new Turns(this.#memory, 0);
  readonly #threads: Worker[] = [];

  open(): void {
    for (let me = 1; me < ACTORS; me++) {
      const thread = new Worker(new URL("./machine_worker.ts", import.meta.url), { type: "module" });
      thread.postMessage({ memory: this.#memory, me });
      this.#threads.push(thread);
    }
  }

  close(): void {
    for (const thread of this.#threads) thread.terminate();
  }

  /** Runs the schedule of a seed and checks what came of it. @throws {Error} with the seed and all that happened */
  async run(seed: number): Promise<void> {
    const folder = mkdtempSync("/dev/shm/nsfarm-nfs-");
    try {
      const schedule = this.#draw(seed, folder);
      let lives: Life[] = [];
      try {
        this.#play(schedule);
        lives = this.#lives(schedule);
        assert.ok(!this.#turns.isEndless, "it goes on and on");
        await checkSchedule(schedule, lives, this.#turns.fits());
      } catch (error) {
        const all = JSON.stringify({ schedule, lives, fits: this.#turns.fits() }, null, 1);
        const again = `Again: NSFARM_SCHEDULE=${seed} ./dev test client_caches`;
        throw new Error(`Schedule ${seed}: ${error instanceof Error ? error.stack : error}\n${all}\n${again}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  #draw(seed: number, folder: string): Schedule {
    const turns = this.#turns;
    turns.begin(seed, 0);
    const { random, upTo } = turns;
    turns.begin(seed, STAY[upTo(STAY.length)] ?? 0);
    for (let i = 0; i < 3; i++) random();
    const [dir, shards] = [`${folder}/run`, 2 + upTo(3)];
    const outage = random() < 0.3 ? window(turns, 1000 * (1 + upTo(random() < 0.5 ? 10 : 300))) : null;
    const rules = { has_links: random() < 0.9, has_locks: random() < 0.8, locks: `${folder}/locks` };
    const common = { dir, shards, rules, outage, times_ms: [] };
    const workers = 2 + upTo(2);
    const jobs = Array.from({ length: workers }, (_, i): Job => ({
      ...{ ...common, kind: "work", host: `n${i}`, actor: i + 1, fate: fateOf(turns), cache: cacheOf(turns) },
      ...{ slots: 1 + upTo(2), speculate: random() < 0.3 },
    }));
    // One comes late, from a machine that nothing was heard of before, and nothing happens to it.
    const late = { host: "n9", actor: workers + 1, fate: QUIET, cache: cacheOf(turns), slots: 1, speculate: false };
    const times_ms = Array.from({ length: 1 + upTo(4) }, () => upTo(9000)).sort((a, b) => a - b);
    const collector = { ...late, host: "c", actor: workers + 2, cache: cacheOf(turns), times_ms };
    jobs.push({ ...common, kind: "work", ...late }, { ...common, kind: "collect", ...collector });
    return { seed, dir, shards, jobs, damaged: random() < 0.2 ? [upTo(shards)] : [] };
  }

  #play({ dir, shards, jobs, damaged }: Schedule): void {
    const turns = this.#turns;
    for (const folder of [dir, jobs[0]?.rules.locks ?? ""]) mkdirSync(folder);
    const manifest = manifestOf({ dir, shards });
    writeFileSync(`${dir}/manifest.json`, JSON.stringify(manifest));
    for (const shard of damaged) writeFileSync(`${dir}/shard_${shard}.out.json`, `{"gen":`);
    for (const job of jobs) {
      turns.writeText(job.actor, `job${JSON.stringify(job)}`);
      turns.wake(job.actor, job.host === "n9" ? 5000 : turns.upTo(3000));
    }
    const texts = livePlans(manifest).map((plan) => JSON.stringify(sampleFrame(manifest, plan)));
    const stages: number[] = [];
    for (;;) {
      turns.pass(this.#fitsDue_ms(stages));
      if (turns.isEndless) return;
      this.#writeFits(dir, texts, stages);
      const all = Array.from({ length: ACTORS - 1 }, (_, i) => turns.wakes(i + 1));
      if (this.#fitsDue_ms(stages) === Infinity && all.every((at) => at === Infinity)) return;
    }
  }

  #fitsDue_ms(stages: readonly number[]): number {
    const due = this.#turns.fits().map(({ half_ms, end_ms }, i) =>
      end_ms < 0 || stages[i] === 2 ? Infinity : stages[i] === 1 ? end_ms : half_ms
    );
    return Math.min(Infinity, ...due);
  }

  /** What fits write, half of it first; each output has equal numbers, and bytes of its own. */
  #writeFits(dir: string, texts: readonly string[], stages: number[]): void {
    const { now_ms } = this.#turns;
    this.#turns.fits().forEach(({ shard, attempt, half_ms, end_ms }, i) => {
      const stage = stages[i] ?? 0;
      if (end_ms < 0 || stage === 2 || (stage === 1 ? end_ms : half_ms) > now_ms) return;
      const { out, metrics } = fitFiles(dir, shard, attempt);
      const text = (texts[shard] ?? "") + " ".repeat(attempt);
      const put = (path: string, what: string) => {
        writeFileSync(path, what);
        stamp(path, now_ms);
      };
      stages[i] = end_ms <= now_ms ? 2 : 1;
      if (stages[i] === 1) return put(out, text.slice(0, 100));
      put(out, `${text}\n`);
      put(metrics, METRICS);
      stamp(`${dir}/incoming`, now_ms);
    });
  }

  #lives({ jobs }: Schedule): Life[] {
    return jobs.flatMap(({ actor }) => {
      const text = this.#turns.readText(actor);
      return text.startsWith("[") ? z.parse(z.array(Life), JSON.parse(text)) : [];
    });
  }
}

/** A time that begins within 4 s. */
function window(turns: Turns, for_ms: number): Window {
  const from = turns.upTo(4000);
  return [from, from + for_ms];
}

/** Most are killed, stopped or cut off, some are answered wrong. */
function fateOf(turns: Turns): Fate {
  const { random, upTo } = turns;
  const isKilled = random() < 0.5;
  return {
    killed_at_call: isKilled ? upTo(800) : null,
    back_after_ms: isKilled && random() < 0.5 ? upTo(8000) : null,
    stopped: random() < 0.3 ? window(turns, upTo(8000)) : null,
    cut_off: random() < 0.3 ? window(turns, upTo(20_000)) : null,
    lies: random() < 0.3 ? 0.05 : 0,
    refusals: random() < 0.15 ? 0.03 : 0,
  };
}

function cacheOf(turns: Turns): CacheTimes {
  const one = () => CACHED_MS[turns.upTo(CACHED_MS.length)] ?? 0;
  return { names_ms: one(), absent_ms: one(), forgets: turns.random() < 0.7 };
}

/** Within so long everybody has left when all is done. */
const LEAVES_MS = 1000;
/** More calls in a second are too many for a file server, of loops of this size. */
const MAX_CALLS = 3000;
/** A loop of whose beats nothing was heard for so long may be taken for dead; less what two looks are apart. */
const SILENT_MS = 2000;

/** Each shard has one result, the first that it was given, and nothing of the dead is left but the tale of their attempts. */
async function checkSchedule(
  schedule: Schedule,
  lives: readonly Life[],
  fits: readonly Fit[],
): Promise<void> {
  checkResults(schedule, lives);
  for (const life of lives) checkLife(life);
  checkEnds(schedule, lives, fits);
  checkFits(schedule, lives, fits);
  await checkLeavings(schedule);
}

function checkResults({ dir, shards }: Schedule, lives: readonly Life[]): void {
  const manifest = manifestOf({ dir, shards });
  for (const plan of livePlans(manifest)) {
    assert.equal(readShard(dir, manifest, plan).kind, "done", `shard ${plan.shard_index} is left`);
    for (const kind of ["out", "metrics"]) {
      const name = `shard_${plan.shard_index}.${kind}.json`;
      const given = lives.flatMap((life) => life.given.filter((one) => one.name === name).map(({ ino }) => ino));
      assert.deepEqual([...new Set(given)], [statSync(join(dir, name)).ino], `${name} was committed more than once`);
    }
  }
}

function checkLife({ host, fate, outcome, why, open, asides, most_calls, collected }: Life): void {
  const isSound = fate.refusals === 0;
  assert.notEqual(outcome, "goes on", `${host} waits for ever`);
  if (isSound) assert.notEqual(outcome, "threw", `${host}: ${why}`);
  assert.doesNotMatch(why, /folder is not there[^]*Free some space/, `${host} blames the space`);
  assert.equal(asides, 0, `${host}: its result differed`);
  if (isSound) assert.deepEqual(open, [], `${host} left shards`);
  assert.ok(most_calls < MAX_CALLS, `${host} made ${most_calls} calls in a second`);
  let before: number[] = [];
  for (const good of collected) {
    assert.deepEqual(before.filter((shard) => !good.includes(shard)), [], `${host}: what was good is so no more`);
    before = good;
  }
}

const holds = ({ fate }: Life) => [fate.stopped, fate.cut_off];

/** Nobody that nothing happened to stays for long when all is done, whatever its machine has in mind. */
function checkEnds({ jobs }: Schedule, lives: readonly Life[], fits: readonly Fit[]): void {
  const last_ms = Math.max(...lives.flatMap(({ given }) => given.map(({ at_ms }) => at_ms)));
  if (!jobs.every(({ rules, outage }) => rules.has_links && outage === null)) return;
  for (const life of lives) {
    const { host, fate, outcome, began_ms, ended_ms } = life;
    const { actor, kind } = jobs.find((one) => one.host === host) ?? {};
    if (kind !== "work" || outcome !== "ended" || ended_ms === null) continue;
    if (holds(life).some((one) => one !== null) || fate.lies > 0 || fate.refusals > 0) continue;
    const fitted_ms = Math.max(...fits.filter((one) => one.actor === actor).map(({ end_ms }) => end_ms));
    const over_ms = Math.max(last_ms, began_ms, fitted_ms);
    assert.ok(ended_ms <= over_ms + LEAVES_MS, `${host} left ${(ended_ms - over_ms) / 1000} s after all was done`);
  }
}

/** Nothing is fitted twice at the same time, unless nothing was heard of the first, or it was to be done twice. */
function checkFits({ jobs }: Schedule, lives: readonly Life[], fits: readonly Fit[]): void {
  const lifeOf = ({ actor, life }: Fit) => {
    const { host } = jobs.find((one) => one.actor === actor) ?? {};
    return lives.filter((one) => one.host === host)[life];
  };
  for (const first of fits) {
    for (const second of fits) {
      if (second.shard !== first.shard || second === first || second.started_ms < first.started_ms) continue;
      if (first.end_ms >= 0 && second.started_ms >= first.end_ms) continue;
      const [owner, other] = [lifeOf(first), lifeOf(second)];
      if (!owner || !other || isExcused(owner, other, second.started_ms)) continue;
      if (jobs.some(({ rules }) => !rules.has_links) && isRightLeft(lives, second.started_ms)) continue;
      assert.fail(`shard ${first.shard} was fitted at the same time by ${owner.host} and ${other.host}`);
    }
  }
}

function isExcused(owner: Life, other: Life, at_ms: number): boolean {
  if (other.speculate || [owner, other].some(({ fate }) => fate.lies > 0 || fate.refusals > 0)) return true;
  if (owner.outcome !== "ended" && owner.ended_ms !== null && owner.ended_ms <= at_ms) return true;
  const isSilent = (one: Window | null) => one !== null && one[0] + SILENT_MS <= at_ms;
  return holds(owner).some(isSilent);
}

/**
 * Where there is no link(2), the right to a name that a killed process has left holds up whoever wants that name for 30 s
 * (give_name.ts), and its beats with it. Loops that beat each 40 s are not taken for dead for that; these here are.
 */
const isRightLeft = (lives: readonly Life[], at_ms: number): boolean =>
  lives.some(({ outcome, ended_ms }) => outcome === "killed" && (ended_ms ?? at_ms) < at_ms);

/** What stays when the run has been collected two hours later. */
async function checkLeavings({ dir, damaged }: Schedule): Promise<void> {
  const then = Date.now() / 1000 - 7200;
  for (const name of readdirSync(dir, { recursive: true })) utimesSync(join(dir, String(name)), then, then);
  await collectRun(join(dir, "manifest.json"), null, "2026-11-24T20:00:00.000Z");
  const names = readdirSync(dir, { recursive: true }).map(String);
  const left = names.filter((name) => /\.tmp$|\.commit$|^(incoming|claims)\/./.test(name) && !/\/\.nfs/.test(name));
  assert.deepEqual(left, [], "something of the dead stays");
  // A folder is what showListed leaves.
  const aside = names.filter((name) => /^aside\/./.test(name) && statSync(join(dir, name)).isFile());
  assert.ok(aside.length <= damaged.length, `kept aside: ${aside.join(", ")}`);
}
