import { median } from "d3-array";
import { DevError } from "../tools.ts";

/** One run of a program: wall time in seconds, and peak memory. */
interface Measured {
  wall_s: number;
  max_rss_mib: number;
}

/** Python script that waits for a child: wait4(2) gives its peak memory, which Deno does not expose. */
const WAITER = `
import os, sys, time
null = os.open(os.devnull, os.O_RDWR)
begin = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begin, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
`;

/**
 * Runs a program once and measures it.
 * @throws {DevError} when it does not end with exit code 0
 */
export async function measure(argv: string[]): Promise<Measured> {
  const { stdout } = await new Deno.Command("python3", { args: ["-c", WAITER, ...argv], stderr: "inherit" }).output();
  const [wall_s = NaN, max_rss_mib = NaN, code] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  if (code !== 0) {
    throw new DevError(`Cannot measure "${argv.join(" ").slice(0, 200)}": it ended with exit code ${code}`);
  }
  return { wall_s, max_rss_mib };
}

/**
 * Runs things in turn, A B A B …, so that a drift of the machine's speed affects all alike.
 * @returns for each the seconds of its fastest run, and its largest memory
 */
export async function inTurn(rounds: number, things: (() => Promise<Measured>)[]): Promise<Measured[]> {
  const best = things.map(() => ({ wall_s: Infinity, max_rss_mib: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, thing] of things.entries()) {
      const { wall_s, max_rss_mib } = await thing();
      const one = best[i];
      if (!one) continue;
      one.wall_s = Math.min(one.wall_s, wall_s);
      one.max_rss_mib = Math.max(one.max_rss_mib, max_rss_mib);
    }
  }
  return best;
}

/** Measurements of two things in pairs. */
export interface MeasuredPair {
  /** Median over the pairs of the first's seconds / the second's. */
  ratio: number;
  /** Median seconds and largest memory of each. */
  first: Measured;
  second: Measured;
}

/** Runs two things in turn, A B A B …, after one uncounted run of each. */
export async function inPairs(
  rounds: number,
  first: () => Promise<Measured>,
  second: () => Promise<Measured>,
): Promise<MeasuredPair> {
  const pairs: [Measured, Measured][] = [];
  for (let round = 0; round <= rounds; round++) {
    const pair: [Measured, Measured] = [await first(), await second()];
    if (round > 0) pairs.push(pair);
  }
  return {
    ratio: middle(pairs.map(([a, b]) => a.wall_s / b.wall_s)),
    first: ofAll(pairs.map(([a]) => a)),
    second: ofAll(pairs.map(([, b]) => b)),
  };
}

const middle = (values: number[]): number => median(values) ?? NaN;

const ofAll = (all: Measured[]): Measured => ({
  wall_s: middle(all.map(({ wall_s }) => wall_s)),
  max_rss_mib: Math.max(...all.map(({ max_rss_mib }) => max_rss_mib)),
});

/** One line of the table: a measurement and its bound. */
export interface BenchLine {
  what: string;
  measured: number;
  /** null: shown without a bound. */
  at_most: number | null;
  unit: string;
  /** What it was compared with, or how it was measured. */
  how: string;
}

/** Returns one line of the table. */
export function line(what: string, measured: number, at_most: number | null, unit: string, how: string): BenchLine {
  return { what, measured, at_most, unit, how };
}

/** Prints why something cannot be measured, and returns no lines. */
export function leftOut(what: string, why: string): [] {
  console.error(`left out: ${what}: ${why}`);
  return [];
}

/** Returns whether a line is within its bound. */
export const holds = ({ measured, at_most }: BenchLine): boolean => at_most === null || measured <= at_most;

function number(value: number): string {
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 3);
}

/** Returns the lines as a Markdown table below the text `about`. */
export function markdownTable(lines: BenchLine[], about: string): string {
  const rows = lines.map((line) => {
    const bound = line.at_most === null ? "" : `${number(line.at_most)} ${line.unit}`;
    return `| ${line.what} | ${number(line.measured)} ${line.unit} | ${bound} | ${
      line.at_most === null ? "" : holds(line) ? "yes" : "**no**"
    } | ${line.how} |`;
  });
  return [
    "# Timings",
    "",
    "Made by `./dev bench`; what is compared runs in turn. " + about,
    "",
    "| what | measured | at most | holds | how |",
    "| --- | ---: | ---: | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
