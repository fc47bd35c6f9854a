/** One round of chaos: a run under a random schedule of faults, then the same command until the run is whole. */
import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { Attempt } from "../../core/schema/attempt.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { namesIn, type Ran, runDir, type Started } from "../support/farm.ts";
import { finalNames } from "../support/run_dir.ts";
import { pause } from "../support/scratch.ts";
import type { LogLine } from "../support/stand_in.ts";
import { commonFaults } from "./common_faults.ts";
import type { Faults, Later } from "./parts.ts";
import { drawSchedule, type MadeStep, type Round, scheduleText, type Step } from "./schedule.ts";

/** The real thing that a round runs on: a run below `folder`. */
export interface ChaosFarm {
  folder: string;
  /** The command that is given again and again. */
  command: string[];
  toys: number;
  start(args: string[]): Started;
  /** What the stand-in of nextstat has logged. */
  fits(): Promise<LogLine[]>;
  /** Faults by name, besides those that every backend has; what undoes them goes to `later`. */
  faults: Faults;
  later: Later;
  /** Kills all that runs of this run, drivers apart; `heal` brings daemons back. */
  killAll(): Promise<void>;
  /** How long one command may take, in seconds, and within which time the faults come. */
  max_command_s: number;
  span_ms: number;
  /** Brings daemons back and lets stopped processes go on. */
  heal(): Promise<void>;
  /** What stays when all is done, and should not. */
  leftovers(): Promise<string[]>;
}

/** How often the command may be needed before the run is whole. */
const MAX_COMMANDS = 12;
/** How long what is left may need to go away when the run is whole, in seconds. */
const MAX_LEAVING_S = 40;
/** Exit codes of commands that faults may disturb: never a bug of ours (1), nor wrong usage (2). */
const CODES = [0, 3, 4, 5, 130, 143];

/** What a round found; any other error is one of the machine or of what the rounds run on. */
export class NotWhole extends Error {}

/** @throws {NotWhole} with the seed and the schedule, when the run does not become whole or something stays that should not */
export async function chaosRound(seed: number, farm: ChaosFarm): Promise<Round> {
  const world = new World(farm);
  const steps = drawSchedule(seed, Object.keys(world.faults), farm.span_ms);
  try {
    const made = await world.play(steps);
    const commands = await world.finish();
    await world.check();
    return { seed, steps: made, commands };
  } catch (error) {
    const why = error instanceof Error ? error.stack : error;
    throw new NotWhole(`seed ${seed}: ${scheduleText(steps)}\n${world.story.join("\n")}\n${why}`);
  }
}

class World {
  /** What happened, a line each. */
  readonly story: string[] = [];
  readonly faults: Faults;
  readonly #drivers: (Started & { isOver: boolean })[] = [];
  /** Commands that ended as none may, whatever the faults. */
  readonly #bad: string[] = [];
  /** Inodes of committed files, by name; damaged ones are forgotten. */
  readonly #kept = new Map<string, number>();
  /** Shards that a fault has damaged: when they are mended their files are others. */
  readonly #damaged = new Set<string>();
  readonly #dir: string;

  constructor(readonly farm: ChaosFarm) {
    this.#dir = runDir(farm.folder);
    const common = commonFaults({
      ...farm,
      dir: this.#dir,
      drivers: this.#drivers,
      drive: () => this.#drive(),
      look: (args) => this.#run(args[0] ?? "", this.farm.start(args)),
      damaging: (shard) => {
        this.#damaged.add(shard);
        for (const kind of ["out", "metrics"]) this.#kept.delete(`shard_${shard}.${kind}.json`);
      },
    });
    this.faults = { ...common, ...farm.faults };
  }

  async play(steps: readonly Step[]): Promise<MadeStep[]> {
    const begun = performance.now();
    const made: MadeStep[] = [];
    this.#drive();
    for (const step of steps) {
      await pause(Math.max(0, step.at_ms - (performance.now() - begun)));
      await this.#look();
      const at = ((performance.now() - begun) / 1000).toFixed(2);
      const isHit = await this.faults[step.kind]?.(step.dice) ?? false;
      this.story.push(`${at} s: ${step.kind}${isHit ? "" : " (nothing to do it to)"}`);
      made.push({ ...step, isHit });
    }
    await this.farm.later.settled();
    await this.farm.heal();
    await this.#endDrivers();
    return made;
  }

  /** Gives the command until it exits 0. @returns how often */
  async finish(): Promise<number> {
    for (let n = 1; n <= MAX_COMMANDS; n++) {
      await this.#look();
      if ((await this.#run(`command ${n}`, this.farm.start(this.farm.command))).code === 0) return n;
    }
    throw new Error(`not whole after ${MAX_COMMANDS} commands`);
  }

  async check(): Promise<void> {
    await this.#look();
    await assertMerged(this.#dir, { toys: this.farm.toys });
    const doubled = (await this.farm.fits()).filter(({ what }) => what === "double");
    assert.deepEqual(doubled, [], "a fit of a shard began while another one was alive");
    assert.deepEqual(this.#bad, [], "a command ended as none may");
    let left = await this.farm.leftovers();
    for (const end = performance.now() + MAX_LEAVING_S * 1000; left.length > 0 && performance.now() < end;) {
      await pause(200);
      left = await this.farm.leftovers();
    }
    assert.deepEqual(left, [], `something stays: ${left.join(", ")}`);
    // One whose process went on when the run was whole already gets its end from the next look at the run.
    if ((await openAttempts(this.#dir)).length > 0) {
      await this.#run("the look after that", this.farm.start(["status", this.#dir]));
    }
    const open = await openAttempts(this.#dir);
    assert.deepEqual(open, [], `an attempt has no end: ${open.join(", ")}`);
  }

  #drive(): void {
    const driver = { ...this.farm.start(this.farm.command), isOver: false };
    this.#drivers.push(driver);
    driver.ended.then((ran) => {
      driver.isOver = true;
      this.#note("driver", ran);
    });
  }

  async #endDrivers(): Promise<void> {
    for (const driver of this.#drivers) driver.kill("SIGCONT");
    await Promise.all(this.#drivers.map((driver) => this.#bounded(driver)));
  }

  async #run(what: string, started: Started): Promise<Ran> {
    const ran = await this.#bounded(started);
    this.#note(what, ran);
    return ran;
  }

  async #bounded(started: Started): Promise<Ran> {
    const most_s = this.farm.max_command_s;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      started.kill("SIGKILL");
    }, most_s * 1000);
    const ran = await started.ended;
    clearTimeout(timer);
    if (isLate) throw new Error(`a command hangs for ${most_s} s:\n${ran.stderr}`);
    return ran;
  }

  #note(what: string, { code, signal, stderr }: Ran): void {
    const last = stderr.split("\n").filter((line) => line !== "").slice(-12).join("\n    ");
    const text = `${what}: exit ${code}${signal ? ` ${signal}` : ""}\n    ${last}`;
    this.story.push(text);
    if (signal === null ? !CODES.includes(code) : !["SIGKILL", "SIGTERM"].includes(signal)) this.#bad.push(text);
  }

  /** Committed files keep their inodes. */
  async #look(): Promise<void> {
    const names = new Set(await finalNames(this.#dir));
    for (const [name, inode] of this.#kept) {
      assert.equal(await inodeOf(join(this.#dir, name)), inode, `${name} is not the file that was committed`);
    }
    for (const name of names) {
      const shard = /^shard_(\d+)\./.exec(name)?.[1];
      const isWhole = names.has(`shard_${shard}.out.json`) && names.has(`shard_${shard}.metrics.json`);
      const inode = isWhole && !this.#kept.has(name) ? await inodeOf(join(this.#dir, name)) : undefined;
      if (inode !== undefined && !this.#damaged.has(`${shard}`)) this.#kept.set(name, inode);
    }
  }
}

const inodeOf = (path: string): Promise<number | undefined> => lstat(path).then(({ ino }) => ino, () => undefined);

async function openAttempts(dir: string): Promise<string[]> {
  const folder = join(dir, "attempts");
  const names = (await namesIn(folder)).filter((name) => name.endsWith(".json"));
  const found = await Promise.all(names.map(async (name) => {
    const attempt = Attempt.parse(JSON.parse(await Deno.readTextFile(join(folder, name))));
    return attempt.end === null ? [`${name} on ${attempt.wrapper.host}`] : [];
  }));
  return found.flat();
}
