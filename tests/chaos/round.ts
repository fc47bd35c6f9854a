/** One round of chaos: a run under a random schedule of faults, then the same command until the run is whole. */
import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { Attempt } from "../../core/schema/attempt.ts";
import { namesIn, type Ran, runDir, type Started } from "../support/farm.ts";
import { finalNames } from "../support/run_dir.ts";
import { pause } from "../support/scratch.ts";
import type { LogLine } from "../support/stand_in.ts";
import { commonFaults } from "./common_faults.ts";
import type { Faults, Later, Task } from "./parts.ts";
import { drawSchedule, type MadeStep, type Round, scheduleText, type Step } from "./schedule.ts";

/** Real system of a round: a run below `folder`. */
export interface ChaosFarm extends Pick<Task, "assertResult"> {
  folder: string;
  /** Command that is repeated. */
  command: string[];
  start(args: string[]): Started;
  /** Returns the log of the replacement of nextstat. */
  fits(): Promise<LogLine[]>;
  /** Faults by name, in addition to the common ones; `later` undoes them. */
  faults: Faults;
  later: Later;
  /** Kills everything of this run except drivers; `heal` restarts daemons. */
  killAll(): Promise<void>;
  /** Longest duration of one command in seconds, during which faults are made. */
  max_command_s: number;
  span_ms: number;
  /** Restarts daemons and continues stopped processes. */
  heal(): Promise<void>;
  /** Returns what remains at the end and should not. */
  leftovers(): Promise<string[]>;
}

/** Maximum number of commands before the run must be whole. */
const MAX_COMMANDS = 12;
/** Seconds in which remaining processes and files must disappear after the run is whole. */
const MAX_LEAVING_S = 40;
/** Exit codes of commands disturbed by faults: never an internal error (1) or wrong usage (2). */
const CODES = [0, 3, 4, 5, 130, 143];

/** Failure of a round; any other error is one of the machine or the cluster. */
export class NotWhole extends Error {}

/**
 * Runs one round. @throws {NotWhole} with the seed and the schedule, if the run does not become whole or something
 * remains
 */
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
  /** Events, one line each. */
  readonly story: string[] = [];
  readonly faults: Faults;
  readonly #drivers: (Started & { isOver: boolean })[] = [];
  /** Commands that ended in a way that no fault excuses. */
  readonly #bad: string[] = [];
  /** Inodes of committed files by name, without damaged ones. */
  readonly #kept = new Map<string, number>();
  /** Shards that a fault damaged; their files may change when they are repaired. */
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
    if (steps.some(({ kind }) => kind === "pause")) await this.#resume();
    await this.#endDrivers();
    return made;
  }

  /** Resumes the run: drivers of a paused one wait. A scheduler that has just come back may not answer yet. */
  async #resume(): Promise<void> {
    for (let tries = 0; tries < MAX_COMMANDS; tries++) {
      if ((await this.#run("resume", this.farm.start(["resume", this.#dir]))).code === 0) return;
      await pause(2000);
    }
    throw new Error(`not resumed after ${MAX_COMMANDS} commands`);
  }

  /** Repeats the command until it exits 0. @returns the number of repeats */
  async finish(): Promise<number> {
    for (let n = 1; n <= MAX_COMMANDS; n++) {
      await this.#look();
      if ((await this.#run(`command ${n}`, this.farm.start(this.farm.command))).code === 0) return n;
    }
    throw new Error(`not whole after ${MAX_COMMANDS} commands`);
  }

  async check(): Promise<void> {
    await this.#look();
    await this.farm.assertResult(this.#dir);
    const doubled = (await this.farm.fits()).filter(({ what }) => what === "double");
    assert.deepEqual(doubled, [], "a fit of a shard began while another one was alive");
    assert.deepEqual(this.#bad, [], "a command ended as none may");
    let left = await this.farm.leftovers();
    for (const end = performance.now() + MAX_LEAVING_S * 1000; left.length > 0 && performance.now() < end;) {
      await pause(200);
      left = await this.farm.leftovers();
    }
    assert.deepEqual(left, [], `something stays: ${left.join(", ")}`);
    // If an attempt's process was alive when the run became whole, the next command records its end.
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

  /** Asserts that committed files keep their inodes. */
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
