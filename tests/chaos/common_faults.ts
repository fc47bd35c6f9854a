import { readFileSync } from "node:fs";
import { join } from "node:path";
import { flipByte } from "../support/damage.ts";
import type { Ran, Started } from "../support/farm.ts";
import { finalNames } from "../support/run_dir.ts";
import { pause } from "../support/scratch.ts";
import type { LogLine } from "../support/stand_in.ts";
import { type Faults, kill, type Later, oneOf } from "./parts.ts";

/** Targets of the faults that every backend has. */
interface Victims {
  /** Run directory. */
  dir: string;
  /** Started drivers, which may have ended. */
  drivers: readonly (Started & { isOver: boolean })[];
  drive(): void;
  /** Runs a command that changes nothing, to its end. */
  look(args: string[]): Promise<Ran>;
  fits(): Promise<LogLine[]>;
  /** Kills every process of the run except `drivers`, and all processes that run fits. */
  killAll(): Promise<void>;
  /** Receives each shard whose files are about to be damaged. */
  damaging(shard: string): void;
  later: Later;
}

/** Returns the faults that are possible on every backend. */
export function commonFaults(victims: Victims): Faults {
  return { ...driverFaults(victims), ...fitFaults(victims), ...fileFaults(victims), ...steering(victims) };
}

function driverFaults({ drivers, drive, look, killAll, dir, later }: Victims): Faults {
  const newest = () => drivers.filter(({ isOver }) => !isOver).at(-1);
  return {
    "kill the driver": async (dice) => {
      const driver = newest();
      driver?.kill("SIGKILL");
      await driver?.ended;
      if (dice < 0.7) drive();
      return driver !== undefined;
    },
    "stop the driver": (dice) => {
      const driver = newest();
      driver?.kill("SIGSTOP");
      later.after(500 + 2000 * dice, () => driver?.kill("SIGCONT"));
      return Promise.resolve(driver !== undefined);
    },
    "terminate the driver": async () => {
      const driver = newest();
      driver?.kill("SIGTERM");
      await pause(100);
      drive();
      return driver !== undefined;
    },
    "start a second driver": () => {
      const isSecond = newest() !== undefined;
      drive();
      return Promise.resolve(isSecond);
    },
    "kill all processes": async (dice) => {
      for (const driver of drivers) driver.kill("SIGKILL");
      await killAll();
      await Promise.all(drivers.map(({ ended }) => ended));
      if (dice < 0.7) drive();
      return true;
    },
    "look with status": async () => (await look(["status", dir])).code === 0,
    "look with collect": async () => [0, 5].includes((await look(["collect", dir])).code),
  };
}

/** Exit codes of a command that steers: done, a fault in its way, or a scheduler that does not answer. */
const STEERED = [0, 3, 4];

/** What a person may ask of a run meanwhile. */
function steering({ dir, look }: Victims): Faults {
  const ask = async (...args: string[]) => STEERED.includes((await look(args)).code);
  return {
    pause: () => ask("pause", dir),
    resume: () => ask("resume", dir),
    throttle: (dice) => ask("throttle", dir, dice < 0.3 ? "off" : `${1 + Math.floor(3 * dice)}`),
  };
}

function fitFaults({ fits, drivers, later }: Victims): Faults {
  const alive = async (dice: number) => {
    const begun = (await fits()).filter(({ what }) => what === "start");
    return oneOf(dice, begun.map(({ pid }) => pid).filter(isAlive));
  };
  return {
    "kill a fit": async (dice) => {
      const pid = await alive(dice);
      return pid !== undefined && kill(pid);
    },
    "stop a fit": async (dice) => {
      const pid = await alive(dice);
      if (pid === undefined || !kill(pid, "SIGSTOP")) return false;
      later.after(1500, () => kill(pid, "SIGCONT"));
      return true;
    },
    "kill what runs a fit": async (dice) => {
      const pid = await alive(dice);
      const parent = pid === undefined ? 0 : parentOf(pid);
      // A driver has a fault of its own.
      return parent > 1 && drivers.every((driver) => driver.pid !== parent) && kill(parent);
    },
  };
}

function fileFaults({ dir, damaging }: Victims): Faults {
  const damage = async (dice: number, kind: "out" | "metrics", act: (path: string) => Promise<void>) => {
    const name = oneOf(dice, (await finalNames(dir)).filter((one) => one.endsWith(`.${kind}.json`)));
    const shard = /^shard_(\d+)\./.exec(name ?? "")?.[1];
    if (name === undefined || shard === undefined) return false;
    damaging(shard);
    // Another process may just have moved it aside.
    return await act(join(dir, name)).then(() => true, () => false);
  };
  return {
    "flip a byte": (dice) => damage(dice, "out", flipByte),
    "cut an output": (dice) => damage(dice, "out", (path) => Deno.truncate(path, 50)),
    "remove a record": (dice) => damage(dice, "metrics", (path) => Deno.remove(path)),
  };
}

const statOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
};

/** Returns whether a process with this number exists and is no zombie. */
const isAlive = (pid: number): boolean => /\) [^ZX] /.test(statOf(pid));

const parentOf = (pid: number): number => Number(/\) \S (\d+) /.exec(statOf(pid))?.[1] ?? 0);
