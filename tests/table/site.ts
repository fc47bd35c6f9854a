import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { UserFarm } from "../clusters/user_farm.ts";
import { requestArgs, runDir, type RunOptions } from "../support/farm.ts";
import { standIn } from "../support/stand_in.ts";

/** What a user does: the rows of the table. */
export type ActionName =
  | "retry"
  | "run again"
  | "split"
  | "extend"
  | "cancel"
  | "damage"
  | "look"
  | "sweep"
  | "finish";

/** Why a cell has no meaning, and what the program answers there. */
export interface NoMeaning {
  why: string;
  code: number;
  answer: RegExp;
}

/** A back end with its options: a column of the table. */
export interface Column {
  name: string;
  /** What is added to the words of `run`, `render` and `sweep run`. */
  words: string[];
  /** Number of starts from which each toy is fitted; absent: as nextstat starts, with another spec. */
  starts?: number;
  /** The cells of every run of the tests; the others are in tests/slow. */
  usual: "all" | ActionName[];
  without?: Partial<Record<ActionName, NoMeaning>>;
}

/** Columns that share a machine, hosts or a cluster. */
export interface Columns {
  /** As the tests' names have it. */
  of: string;
  columns: readonly Column[];
  open(): Promise<TestSite>;
  /** Whether a cluster has to be brought up. */
  isCluster: boolean;
}

/** Whose commands: the one whom the table is about, or the other one, whose run goes on beside. */
type Whose = "mine" | "other";

/** What can be run as one user in one folder. */
export interface SiteFarm extends Pick<UserFarm, "folder" | "start" | "must"> {
  words: string[];
  /** A program in the place of nextstat; what `behaviour` can be is in tests/support/stand_in.ts. */
  fit(behaviour: string): Promise<Fit>;
}

/** The farm of a cell, with the spec that it fits. */
export interface Farm extends SiteFarm {
  config: string;
  /** Fits of each shard: one from each start. */
  fits_a_shard: number;
}

/** A program in the place of nextstat, and what it has done. */
export interface Fit {
  path: string;
  /** Makes a file that a behaviour may look for as "$here/NAME". */
  mark(name: string): Promise<void>;
  /** Beginnings and ends of fits; a shard that is no share of nextstat's own split may have a name in place of a number. */
  log(): Promise<{ what: string; shard: string; pid: number }[]>;
}

/** What is up for the columns of one file: a machine, hosts or a cluster. */
export interface TestSite {
  /** In which folder the folder of a cell of this column is made, and what its name begins with. */
  prefix(column: Column): string;
  farm(folder: string, column: Column, whose: Whose): Promise<SiteFarm>;
  /** What of mine is in a queue or runs on a host. */
  queued(): Promise<string[]>;
  /** Takes all of that away. */
  clear(): Promise<void>;
  close(): void;
}

/** A shared disk's stand-in, with names in place of numbers. */
export async function sharedFit(place: string, behaviour: string): Promise<Fit> {
  const fake = await standIn(place, behaviour);
  await chmod(join(place, "fits.log"), 0o666);
  return {
    path: fake.path,
    mark: fake.mark,
    log: async () => (await fake.log()).map((line) => ({ ...line, shard: `${line.shard}` })),
  };
}

/** The words of `run` or `render`. */
export const requestOf = (farm: Farm, what: "run" | "render", options: RunOptions): string[] => [
  what,
  ...farm.words,
  ...requestArgs(farm.folder, { config: farm.config, ...options }),
];

/** Renders a run and hands it to its back end, without waiting. */
export async function submitted(farm: Farm, options: RunOptions): Promise<string> {
  await farm.must(requestOf(farm, "render", options));
  const dir = runDir(farm.folder);
  await farm.must(["submit", dir]);
  return dir;
}
