import { assertMerged } from "../clusters/slurm_farm.ts";
import type { RunOptions } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { assertTest, TEST_WORDS, writeWorkspace } from "../support/workspace.ts";
import type { Round } from "./schedule.ts";

/** Target of chaos rounds, opened once for any number of rounds. */
export interface Backend {
  round(seed: number): Promise<Round>;
  close(): void;
}

/**
 * Makes one fault.
 * @param dice from 0 to 1: selects the target and the duration
 * @returns whether there was a target
 */
type Fault = (dice: number) => Promise<boolean>;

export type Faults = Record<string, Fault>;

const TOYS = 48;
const SHARDS = 16;

/** What a round runs, and how its result is checked. */
export interface Task {
  options: RunOptions;
  /** Asserts that the merged result is that of one nextstat run of all toys. */
  assertResult(dir: string): Promise<void>;
}

/** Returns what the round of a seed runs: fits of toys, or with an odd seed tests of a workspace with toys. */
export async function taskOf(seed: number, folder: string, nextstat: string, more: string[]): Promise<Task> {
  const options = { toys: TOYS, shards: SHARDS, nextstat, more };
  if (seed % 2 === 0) return { options, assertResult: (dir) => assertMerged(dir, { toys: TOYS }) };
  const config = await writeWorkspace(folder);
  return {
    options: { ...options, config, more: [...more, ...TEST_WORDS] },
    assertResult: (dir) => assertTest(folder, dir, config, TOYS),
  };
}

/** Behaviour of each fit: shards take from 0.1 to 0.5 s, and may find their disk full. */
export const BEHAVIOUR = `
if [ -e "$here/full" ]; then rm -f "$here/full"; echo "No space left on device (os error 28)" >&2; exit 1; fi
sleep 0.$((\${shard#S+} % 5 + 1))`;

/** Returns the fault that BEHAVIOUR checks. */
export const fillDisk = (mark: (name: string) => Promise<void>): Faults => ({
  "fill the disk of a fit": () => mark("full").then(() => true),
});

/** Runs a round in a folder of its own, and returns its result. */
export async function within(work: (folder: string) => Promise<Round>, name?: string): Promise<Round> {
  let round: Round | undefined;
  await inFolder(async (folder) => {
    round = await work(folder);
  }, name);
  if (!round) throw new Error("the round did not end");
  return round;
}

/** Sends a signal to a process. @returns whether it still existed */
export function kill(pid: number, name: Deno.Signal = "SIGKILL"): boolean {
  try {
    Deno.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Returns one of several values, selected by a number from 0 to 1. */
export const oneOf = <T>(dice: number, all: readonly T[]): T | undefined => all[Math.floor(dice * all.length)];

/** Actions that undo faults after some time; a round waits for them before its run has to become whole. */
export class Later {
  readonly #waiting: Promise<unknown>[] = [];

  /** Runs `undo` after this number of milliseconds; its failure is ignored, since the target may be gone. */
  after(ms: number, undo: () => unknown): void {
    const done = new Promise((resolve) => setTimeout(resolve, ms)).then(undo);
    this.#waiting.push(done.catch(() => {}));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#waiting);
  }
}
