/** One round of chaos: a run under a random schedule of faults, then the same command until the run is whole. */

import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { Attempt } from "../../core/contracts/attempt.ts";
import { namesIn, type Ran, runDir, type Started } from "../support/farm.ts";
import { finalNames } from "../support/run_dir.ts";
import { pause } from "../support/scratch.ts";
import { assertMerged } from "../support/slurm_farm.ts";
import type { LogLine } from "../support/stand_in.ts";
import { drawSchedule, scheduleText, type Step } from "./schedule.ts";

/** The real thing that a round runs on: a run of `shards` shards below `folder`. */
export interface ChaosFarm {
  folder: string;
  /** The command that is given again and again. */
  command: string[];
  toys: number;
  shards: number;
  start(args: string[]): Started;
  /** What the stand-in of nextstat has logged. */
  fits(): Promise<LogLine[]>;
  /** Faults by name, besides those that every backend has. */
  faults: Record<string, (dice: number) => Promise<void>>;
  /** Whether two attempts at one shard may run at the same time: where jobs are taken for lost that go on. */
  mayDouble?: boolean;
  /** How long one command may take, in seconds (default 60), and within which time the faults come (default 4000 ms). */
  max_command_s?: number;
  span_ms?: number;
  /** Brings daemons back and lets stopped processes go on. */
  heal(): Promise<void>;
  /** What stays when all is done, and should not. */
  leftovers(): Promise<string[]>;
}

/** How often the command may be needed before the run is whole. */
const MAX_COMMANDS = 12;
/** How long one may take, in seconds. */
const MAX_COMMAND_S = 60;
/** The last fault comes before this. */
const SPAN_MS = 4000;

/** What one round did. */
export interface Round {
  seed: number;
  steps: Step[];
  /** Commands that were needed after the last fault. */
  commands: number;
}

/** @throws with the seed and the schedule, when the run does not become whole or something stays that should not */
export async function chaosRound(seed: number, farm: ChaosFarm): Promise<Round> {
  const world = new World(farm);
  const steps = drawSchedule(seed, world.kinds, farm.span_ms ?? SPAN_MS);
  try {
    await world.play(steps);
    const commands = await world.finish();
    await world.check();
    return { seed, steps, commands };
  } catch (error) {
    throw new Error(
      `seed ${seed}: ${scheduleText(steps)}\n${world.story()}\n${error instanceof Error ? error.stack : error}`,
    );
  }
}

class World {
  readonly #drivers: Started[] = [];
  readonly #said: string[] = [];
  /** Inodes of committed files, by name; damaged ones are forgotten. */
  readonly #kept = new Map<string, number>();
  readonly #later: Promise<void>[] = [];
  readonly #dir: string;
  readonly faults: Record<string, (dice: number) => Promise<void>>;

  constructor(readonly farm: ChaosFarm) {
    this.#dir = runDir(farm.folder);
    this.faults = { ...this.#common(), ...farm.faults };
  }

  get kinds(): string[] {
    return Object.keys(this.faults);
  }

  story(): string {
    return this.#said.join("\n");
  }

  async play(steps: readonly Step[]): Promise<void> {
    const begun = performance.now();
    this.#drive();
    for (const { at_ms, kind, dice } of steps) {
      await pause(Math.max(0, at_ms - (performance.now() - begun)));
      await this.#look();
      this.#said.push(`${((performance.now() - begun) / 1000).toFixed(2)} s: ${kind}`);
      await this.faults[kind]?.(dice);
    }
    await Promise.all(this.#later);
    await this.farm.heal();
    await this.#endDrivers();
  }

  /** Gives the command until it exits 0. @returns how often */
  async finish(): Promise<number> {
    for (let n = 1; n <= MAX_COMMANDS; n++) {
      await this.#look();
      const ran = await this.#bounded(this.farm.start(this.farm.command));
      this.#note(`command ${n}`, ran);
      if (ran.code === 0) return n;
    }
    throw new Error(`not whole after ${MAX_COMMANDS} commands`);
  }

  async check(): Promise<void> {
    await this.#look();
    await assertMerged(this.#dir, { toys: this.farm.toys });
    const doubled = (await this.farm.fits()).filter(({ what }) => what === "twin");
    if (!this.farm.mayDouble) assert.deepEqual(doubled, [], "a fit of a shard began while another one was alive");
    assert.deepEqual(await openAttempts(this.#dir), [], "an attempt has no end");
    let left = await this.farm.leftovers();
    for (let i = 0; i < 200 && left.length > 0; i++) {
      await pause(100);
      left = await this.farm.leftovers();
    }
    assert.deepEqual(left, [], "something stays");
  }

  #drive(): void {
    const driver = this.farm.start(this.farm.command);
    this.#drivers.push(driver);
    driver.ended.then((ran) => this.#note("driver", ran));
  }

  async #endDrivers(): Promise<void> {
    for (const driver of this.#drivers) driver.kill("SIGCONT");
    await Promise.all(this.#drivers.map((driver) => this.#bounded(driver)));
  }

  async #bounded(started: Started): Promise<Ran> {
    let late: number | undefined;
    const most_s = this.farm.max_command_s ?? MAX_COMMAND_S;
    const limit = new Promise<never>((_, reject) => {
      late = setTimeout(() => {
        started.kill("SIGKILL");
        const hangs = ({ stderr }: Ran) => reject(new Error(`a command hangs for ${most_s} s:\n${stderr}`));
        started.ended.then(hangs);
      }, most_s * 1000);
    });
    try {
      return await Promise.race([started.ended, limit]);
    } finally {
      clearTimeout(late);
    }
  }

  #note(what: string, { code, signal, stderr }: Ran): void {
    const last = stderr.split("\n").filter((line) => line !== "").slice(-12).join("\n    ");
    this.#said.push(`${what}: exit ${code}${signal ? ` ${signal}` : ""}\n    ${last}`);
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

  /** Shards that a fault has damaged: when they are mended their files are others. */
  readonly #damaged = new Set<string>();

  #common(): Record<string, (dice: number) => Promise<void>> {
    return {
      "kill the driver": async (dice) => {
        const driver = this.#drivers.at(-1);
        driver?.kill("SIGKILL");
        await driver?.ended;
        if (dice < 0.7) this.#drive();
      },
      "stop the driver": (dice) => {
        const driver = this.#drivers.at(-1);
        driver?.kill("SIGSTOP");
        this.#later.push(pause(500 + 2000 * dice).then(() => driver?.kill("SIGCONT")));
        return Promise.resolve();
      },
      "terminate the driver": async () => {
        this.#drivers.at(-1)?.kill("SIGTERM");
        await pause(100);
        this.#drive();
      },
      "start a second driver": () => Promise.resolve(this.#drive()),
      "kill a fit": async (dice) => {
        await this.#toFit(dice, "SIGKILL");
      },
      "stop a fit": async (dice) => {
        const pid = await this.#toFit(dice, "SIGSTOP");
        if (pid !== undefined) this.#later.push(pause(1500).then(() => signal(pid, "SIGCONT")));
      },
      "look with status": async () => {
        await this.#bounded(this.farm.start(["status", this.#dir]));
      },
      "look with collect": async () => {
        await this.#bounded(this.farm.start(["collect", this.#dir]));
      },
      "flip a byte": async (dice) => await this.#damage(dice, "out", (path) => flip(path)),
      "cut an output": async (dice) => await this.#damage(dice, "out", (path) => Deno.truncate(path, 50)),
      "remove a record": async (dice) => await this.#damage(dice, "metrics", (path) => Deno.remove(path)),
    };
  }

  async #toFit(dice: number, name: Deno.Signal): Promise<number | undefined> {
    const begun = (await this.farm.fits()).filter(({ what }) => what === "start");
    const alive = begun.map(({ pid }) => pid).filter(isAlive);
    const pid = alive[Math.floor(dice * alive.length)];
    if (pid !== undefined) signal(pid, name);
    return pid;
  }

  async #damage(dice: number, kind: "out" | "metrics", act: (path: string) => Promise<void>): Promise<void> {
    const names = (await finalNames(this.#dir)).filter((name) => name.endsWith(`.${kind}.json`));
    const name = names[Math.floor(dice * names.length)];
    const shard = /^shard_(\d+)\./.exec(name ?? "")?.[1];
    if (name === undefined || shard === undefined) return;
    this.#damaged.add(shard);
    for (const one of ["out", "metrics"]) this.#kept.delete(`shard_${shard}.${one}.json`);
    await act(join(this.#dir, name)).catch(() => {}); // another process may have moved it aside just now
  }
}

async function flip(path: string): Promise<void> {
  const file = await Deno.open(path, { read: true, write: true });
  try {
    const byte = new Uint8Array(1);
    await file.seek(-60, Deno.SeekMode.End);
    await file.read(byte);
    await file.seek(-60, Deno.SeekMode.End);
    await file.write(byte.map((value) => value ^ 1));
  } finally {
    file.close();
  }
}

const inodeOf = (path: string): Promise<number | undefined> => lstat(path).then(({ ino }) => ino, () => undefined);

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // it has ended in the meantime
  }
}

/** Whether a process of this number is there, and no zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

async function openAttempts(dir: string): Promise<string[]> {
  const folder = join(dir, "attempts");
  const names = (await namesIn(folder)).filter((name) => name.endsWith(".json"));
  const found = await Promise.all(names.map(async (name) => {
    const attempt = Attempt.parse(JSON.parse(await Deno.readTextFile(join(folder, name))));
    return attempt.end === null ? [name] : [];
  }));
  return found.flat();
}
