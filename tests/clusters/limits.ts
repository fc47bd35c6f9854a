/** Tests of a limit: one body, declared for each scheduler and for hosts behind ssh. */
import assert from "node:assert/strict";
import { randomLcg } from "d3-random";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { amountOf } from "../support/amount.ts";
import { mustRun, namesIn, nextstat } from "../support/farm.ts";
import { pause } from "../support/scratch.ts";
import { writeWorkspace } from "../support/workspace.ts";
import { giveAway } from "./as_user.ts";
import type { UserFarm } from "./user_farm.ts";

/** A farm on which limits are made. */
export interface LimitFarm extends Pick<UserFarm, "folder" | "must" | "start"> {
  /** Words of `limit run` that name the farm. */
  words: string[];
  /** Folder that all machines see. */
  open: string;
  /** nextstat where all machines see it; absent: that of the tests. */
  real?: string;
  /** Words of programs that cancel each of the user's jobs, as a person would; absent: no scheduler. */
  cancels?: () => Promise<string[][]>;
  /** Runs a program of the scheduler. */
  ask?: (program: string, ...args: string[]) => Promise<string>;
}

type Declare = (name: string, work: (farm: LimitFarm) => Promise<void>) => void;

/** Words of a limit of four points, of which two rounds give one more toys. */
export const limitWords = (config: string, nextstat: string, outRoot: string): string[] => [
  ...["--workload", "hypotest-toys", "--config", config, "--mu", "0.75:1.5:0.25", "--n-toys", "300", "--shards", "3"],
  ...["--max-toys", "20000", "--threads", "1", "--nextstat-bin", nextstat],
  ...["--out-root", outRoot, "--limit-id", "l"],
];

export const ACCURATE = ["--accuracy", "0.03"];

/** Returns the summary that a limit prints, without what may differ between two places. */
export function summaryIn(stdout: string) {
  const { scheduler: _, report: __, ...summary } = JSON.parse(stdout);
  return summary;
}

/** Returns the summary of the same limit on this machine. */
export async function localSummary(folder: string, config: string) {
  const words = ["limit", "run", ...limitWords(config, nextstat(), join(folder, "here")), ...ACCURATE, "--json"];
  const summary = summaryIn((await mustRun(folder, words)).stdout);
  assert(summary.is_accurate && summary.n_toys > 1200, "some points got more toys");
  return summary;
}

/** Writes a nextstat whose fits of shards take a moment, so that commands are killed while some run. */
async function slowNextstat({ open, real = nextstat() }: LimitFarm): Promise<string> {
  const place = await mkdtemp(join(open, "slow-"));
  const path = join(place, "nextstat");
  await writeFile(path, `#!/bin/sh\n[ "$1" = --version ] || sleep 0.3\nexec '${real}' "$@"\n`);
  await chmod(path, 0o755);
  await giveAway(place);
  return path;
}

export const limitJson = (folder: string): string => join(folder, "limits", "l.limit.json");

/**
 * Declares the tests.
 * @param of the farm's name in their names
 */
export function limitTests(of: string, test: Declare): void {
  test(`a limit on ${of}, with rounds of more toys, is that of this machine to the last digit`, async (farm) => {
    const config = await writeWorkspace(farm.folder);
    const words = limitWords(config, nextstat(), join(farm.folder, "limits"));
    const { stdout } = await farm.must(["limit", "run", ...farm.words, ...words, ...ACCURATE, "--json"]);
    assert.deepEqual(summaryIn(stdout), await localSummary(farm.folder, config));
  });

  test(`a limit on ${of} whose command is killed at random moments, and some of its jobs cancelled, ends with the same result`, async (farm) => {
    const config = await writeWorkspace(farm.folder);
    const words = limitWords(config, await slowNextstat(farm), join(farm.folder, "limits"));
    await killAtRandom(farm, ["limit", "run", ...farm.words, ...words, ...ACCURATE]);
    const last = ["limit", "submit", "--limit-json", limitJson(farm.folder), ...ACCURATE, "--json"];
    assert.deepEqual(summaryIn((await farm.must(last)).stdout), await localSummary(farm.folder, config));
  });
}

/** Seconds from the start of a command to the latest moment of its kill: about as long as half a limit. */
const LATEST_KILL_S = 6;

/** Starts a limit again and again, and kills each command; after some of the kills, cancels about half of its jobs. */
async function killAtRandom(farm: LimitFarm, words: string[]): Promise<void> {
  const kills = amountOf("kills of the command of a limit", { quick: 5, usual: 5, all: 10 });
  const random = randomLcg(0.42);
  for (let kill = 0; kill < kills; kill++) {
    const hasDocument = (await namesIn(join(farm.folder, "limits"))).includes("l.limit.json");
    const again = ["limit", "submit", "--limit-json", limitJson(farm.folder), ...ACCURATE];
    const limit = farm.start(hasDocument && random() < 0.5 ? again : words);
    await pause(1000 * LATEST_KILL_S * random());
    limit.kill("SIGKILL");
    const { signal, stderr } = await limit.ended;
    assert(signal === "SIGKILL" || kill > 0, `it ended before it was killed: ${stderr}`);
    if (random() < 0.5) await cancelSome(farm, random);
  }
}

/** Cancels about half of the user's jobs; those that have ended meanwhile are no error. */
async function cancelSome({ cancels, ask }: LimitFarm, random: () => number): Promise<void> {
  for (const [program = "", ...args] of await cancels?.() ?? []) {
    if (random() < 0.5) await ask?.(program, ...args).catch(() => {});
  }
}
