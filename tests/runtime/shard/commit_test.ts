import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unexpectedFileError } from "../../../core/file_fault.ts";
import { exists } from "../../../runtime/fs/write.ts";
import { commitShard } from "../../../runtime/shard/commit.ts";
import { listRun } from "../../../runtime/shard/list_run.ts";
import { readShard } from "../../../runtime/shard/read.ts";
import { recoverShard } from "../../../runtime/shard/recover.ts";
import { sampleAttempt, sampleRecord } from "../../fixtures/run.ts";
import { amountOf } from "../../support/amount.ts";
import { contextOf } from "../support/context.ts";
import { incoming, type Job, MANIFEST, Outcome, outText, PLAN, resultOf } from "../support/commit_case.ts";
import { inFolder } from "../../support/scratch.ts";
import { skipShortWaits } from "../support/gate.ts";
import { Actor, everySchedule } from "../support/interleave.ts";

const [OUT, RECORD] = ["shard_0.out.json", "shard_0.metrics.json"];

interface Case {
  name: string;
  /** The attempts that A and B commit: the same one where both recover what a third has left. */
  attempts: [number, number];
  /** By how much the numbers of A and B are moved. */
  shifts: [number, number];
  links: boolean;
  /** What lies under the final names before. */
  before: Record<string, string>;
  /** Whether B is killed too, at each of its steps for each of A's. */
  both_killed: boolean;
  /** Of how many orders at most a death is tried; all orders are tried where both live. */
  orders_with_death: number;
}

/** Equal in the contract's sense, though not byte for byte. */
const EQUAL: [number, number] = [0, 1e-9];
const DIFFERENT: [number, number] = [0, 0.1];

const plain: Omit<Case, "name"> = {
  attempts: [1, 2],
  shifts: EQUAL,
  links: true,
  before: {},
  both_killed: true,
  orders_with_death: Infinity,
};
const foreign = {
  schema_version: "nextstat_metrics_v0",
  status: { ok: true },
  timing: {},
  farm: { ...sampleRecord(MANIFEST, PLAN), run_token: "ffffffffffffffff" },
};

const cases: Case[] = [
  { ...plain, name: "equal results" },
  { ...plain, name: "results that differ", shifts: DIFFERENT },
  { ...plain, name: "one result of a dead attempt, recovered by both", attempts: [1, 1], shifts: [0, 0] },
  { ...plain, name: "an out.json without record", before: { [OUT]: outText(7, 0) } },
  { ...plain, name: "a differing out.json without record", before: { [OUT]: outText(7, 0.5) } },
  {
    ...plain,
    name: "a truncated out.json",
    shifts: DIFFERENT,
    before: { [OUT]: outText(7, 0).slice(0, 100) },
    both_killed: false,
  },
  { ...plain, name: "a record that cannot be read", before: { [RECORD]: "{" }, both_killed: false },
  {
    ...plain,
    name: "the files of another run",
    before: { [RECORD]: JSON.stringify(foreign), [OUT]: outText(7, 0.5) },
    both_killed: false,
    orders_with_death: 40,
  },
  { ...plain, name: "equal results without link(2)", links: false, both_killed: false },
  { ...plain, name: "results that differ without link(2)", shifts: DIFFERENT, links: false, both_killed: false },
];

/** How often a schedule was run to its end, and how many changes to the disk A and B have made at most. */
interface ReportedJob {
  schedules: number;
  changes: [number, number];
  /** Changes that others can see: only before these does a death differ for them. */
  seen: [Set<number>, Set<number>];
}

/** One case, in a folder of its own in memory: what is tested is the order of the steps, not the disk. */
class Trial {
  readonly #base = mkdtempSync(exists("/dev/shm") ? "/dev/shm/nsfarm-commit-" : "/tmp/nsfarm-commit-");
  readonly #dir = join(this.#base, "run");
  readonly #copy = join(this.#base, "copy");
  readonly #actors: [Actor, Actor];
  /** Ends that were looked at already: many orders lead to the same files. */
  readonly #seen = new Set<string>();

  constructor(readonly given: Case) {
    const script = new URL("../support/commit_worker.ts", import.meta.url);
    this.#actors = [new Actor(script), new Actor(script)];
  }

  close(): void {
    for (const actor of this.#actors) actor.close();
    rmSync(this.#base, { recursive: true });
  }

  /** Every schedule of A and B, each being killed before its change of that number (−1: never). */
  async run(killed: [number, number], most = Infinity): Promise<ReportedJob> {
    const right = join(this.#dir, "shard_0.commit");
    const changes: [number, number] = [0, 0];
    const seen: [Set<number>, Set<number>] = [new Set(), new Set()];
    const schedules = await everySchedule({
      actors: this.#actors,
      begin: () => this.#begin(killed),
      rightIsFree: () => !exists(right),
      rightIsStale: () => {
        if (exists(right)) Deno.utimeSync(right, 1000, 1000);
      },
      end: async (order) => {
        const ends = this.#actors.map((actor) => Outcome.parse(JSON.parse(actor.gate.readText())));
        for (const [i, end] of ends.entries()) {
          changes[i] = Math.max(changes[i] ?? 0, end.changes);
          for (const one of end.seen) seen[i]?.add(one);
        }
        await this.#check(ends, `killed before change ${killed.join(", ")}, order ${order}`);
      },
    }, most);
    return { schedules, changes, seen };
  }

  #begin(killed: [number, number]): void {
    const { attempts, shifts, links, before } = this.given;
    rmSync(this.#dir, { recursive: true, force: true });
    Deno.mkdirSync(join(this.#dir, "incoming"), { recursive: true });
    for (const [name, text] of Object.entries(before)) Deno.writeTextFileSync(join(this.#dir, name), text);
    const jobs = this.#actors.map((_, i): Job => {
      const [attempt, shift] = [attempts[i] ?? 0, shifts[i] ?? 0];
      Deno.writeTextFileSync(incoming(this.#dir, attempt), outText(attempt, shift));
      return { dir: this.#dir, worker: i + 1, attempt, shift, killed_before: killed[i] ?? -1, links };
    });
    this.#actors.forEach((actor, i) => actor.begin(JSON.stringify(jobs[i])));
  }

  async #check(ends: Outcome[], where: string): Promise<void> {
    const key = JSON.stringify([ends.map((end) => end.kind), [...filesOf(this.#dir)].sort()])
      .replaceAll(/[0-9a-f]{12}\.tmp|\.[0-9a-f]{8}"/g, "…");
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const printed = [`${this.given.name}, ${where}`, ...ends.map(({ kind, what }) => `${kind} ${what}`)].join("\n");
    for (const { kind } of ends) assert.notEqual(kind, "threw", printed);
    const dead = ends.flatMap((end, i) => end.kind === "killed" ? [i] : []);
    if (dead.length < ends.length) {
      assert.equal(readShard(this.#dir, MANIFEST, PLAN).kind, "done", `one has come to its end\n${printed}`);
      this.#checkFiles(this.#dir, dead, printed);
    }
    if (dead.length > 0) await this.#checkThird(dead, printed);
  }

  /** After a death somebody else comes along: the shard must be done then, and what stood must stand. */
  async #checkThird(dead: number[], printed: string): Promise<void> {
    for (const third of [commitThird, settleThird]) {
      rmSync(this.#copy, { recursive: true, force: true });
      cpSync(this.#dir, this.#copy, { recursive: true });
      releaseRight(this.#copy);
      const [was_done, before] = [readShard(this.#copy, MANIFEST, PLAN).kind === "done", filesOf(this.#copy).get(OUT)];
      await third(this.#copy, dead.map((i) => this.given.attempts[i] ?? 0));
      const what = `${third.name}\n${printed}`;
      assert.equal(readShard(this.#copy, MANIFEST, PLAN).kind, "done", what);
      if (was_done) assert.equal(filesOf(this.#copy).get(OUT), before, `a result was replaced by ${what}`);
      this.#checkFiles(this.#copy, dead, what);
    }
  }

  /** Every result is whole somewhere: under the final name, aside where it differs, or where its dead owner had it. */
  #checkFiles(folder: string, dead: number[], printed: string): void {
    const texts = filesOf(folder);
    const standing = texts.get(OUT) ?? "";
    const { attempts, shifts, before } = this.given;
    const results = [...attempts.map((attempt, i) => outText(attempt, shifts[i] ?? 0)), ...Object.values(before)];
    for (const [i, text] of results.entries()) {
      const isThere = [...texts.values()].includes(text);
      const dropped = text.endsWith("\n") && areEqual(text, standing);
      assert.ok(isThere || dropped, `result ${i} is gone; there are ${[...texts.keys()].join(", ")}\n${printed}`);
    }
    const theirs = dead.map((i) =>
      new RegExp(`b007b007-${i + 1}-7|incoming/shard_0\\.${attempts[i]}\\.|aside/.*\\.tmp`)
    );
    const left = [...texts.keys()].filter((name) => /\.tmp$|^incoming\//.test(name));
    const strange = left.filter((name) => !theirs.some((one) => one.test(name)));
    assert.deepEqual(strange, [], `left behind\n${printed}`);
  }
}

function filesOf(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const sub of ["", "incoming/", "aside/"]) {
    if (!exists(join(folder, sub))) continue;
    for (const { name, isFile } of Deno.readDirSync(join(folder, sub))) {
      if (isFile) found.set(sub + name, Deno.readTextFileSync(join(folder, sub, name)));
    }
  }
  return found;
}

const firstEstimate = (text: string) => Number(/"poi_hat":\[([^,\]]+)/.exec(text)?.[1]);
const areEqual = (a: string, b: string) => Math.abs(firstEstimate(a) - firstEstimate(b)) < 1e-6;

/** The dead hold their right for half a minute more; that is not waited for here. */
function releaseRight(folder: string): void {
  for (const name of ["shard_0.commit", "aside/shard_0.commit"]) {
    if (exists(join(folder, name))) Deno.utimeSync(join(folder, name), 1000, 1000);
  }
}

function commitThird(folder: string): void {
  Deno.writeTextFileSync(incoming(folder, 3), outText(3, 0));
  commitShard(folder, MANIFEST, PLAN, resultOf(folder, 3, 0));
}

async function settleThird(folder: string, dead: number[]): Promise<void> {
  Deno.mkdirSync(join(folder, "attempts"), { recursive: true });
  for (const attempt of dead) {
    const path = join(folder, "attempts", `shard_0.${attempt}.json`);
    Deno.writeTextFileSync(path, JSON.stringify(sampleAttempt(MANIFEST, PLAN, { attempt })));
  }
  await recoverShard(contextOf(folder, MANIFEST), PLAN, listRun(folder));
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Before which of its changes each is killed: A before each of its own, and with `both` B before each of its own too. */
function deaths({ changes: [a, b] }: ReportedJob, both: boolean): [number, number][] {
  const of_b = both ? [-1, ...numbers(b)] : [-1];
  return numbers(a).flatMap((k) => of_b.map((m): [number, number] => [k, m]));
}

for (const given of cases) {
  const name = "Two workers committing one shard, stopped at every step in every order: one valid result stands, whole";
  Deno.test(`${name} (${given.name})`, async () => {
    const trial = new Trial(given);
    const undo = skipShortWaits();
    try {
      const both = amountOf("orders of two workers who live", { quick: 20, usual: 100, all: Infinity });
      const reported = await trial.run([-1, -1], both);
      assert.ok(reported.schedules > 10, `only ${reported.schedules} schedules were found`);
      const orders = amountOf("orders of two workers, of whom one or both die", { quick: 1, usual: 3, all: Infinity });
      const parts = amountOf("quarters of the steps at which workers die", { quick: 1, usual: 4, all: 4 });
      for (const [i, killed] of deaths(reported, given.both_killed).entries()) {
        if (i % 4 >= parts) continue;
        const isSeen = killed.every((k, who) => k < 0 || reported.seen[who]?.has(k));
        const most = isSeen ? Math.min(orders, given.orders_with_death) : 1;
        await trial.run(killed, most);
      }
    } finally {
      undo();
      trial.close();
    }
  });
}

Deno.test("a disk that fails while an output is forced to it is an error about that file, and nothing is committed", () =>
  inFolder(async (dir) => {
    await mkdir(join(dir, "incoming"));
    await writeFile(incoming(dir, 1), outText(1, 0));
    const real = Deno.FsFile.prototype.syncDataSync;
    Deno.FsFile.prototype.syncDataSync = () => {
      throw new Error("Input/output error (os error 5)");
    };
    try {
      assert.throws(() => commitShard(dir, MANIFEST, PLAN, resultOf(dir, 1, 0)), (error) => {
        assert.match(
          String(unexpectedFileError(error)),
          /Cannot write ".*shard_0.1.out.json": the disk or its file server/,
        );
        return true;
      });
    } finally {
      Deno.FsFile.prototype.syncDataSync = real;
    }
    assert.deepEqual([exists(join(dir, OUT)), exists(incoming(dir, 1))], [false, true]);
    assert.equal(commitShard(dir, MANIFEST, PLAN, resultOf(dir, 1, 0)).kind, "committed");
  }));
