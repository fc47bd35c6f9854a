import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ShardingPlan } from "../../core/schema/plan.ts";
import { readRunFacts } from "../../runtime/state/facts.ts";
import { makeShards } from "../make_shards.ts";
import { root } from "../tools.ts";
import { type BenchLine, inPairs, inTurn, line, measure, type MeasuredPair } from "./measure.ts";
import type { RunBench } from "./run_lines.ts";

const ROUNDS = 5;
const SUMS = "sha256sum of their 20,000 files";
/** Bound of status: 0.5 s on a machine where sha256sum takes 0.345 s. */
const STATUS = 1.45;

/**
 * Measures merge, collect and status of 10,000 shards of 100 toys, made without fitting but with true records; all
 * checks are on.
 */
export async function mergeLines(binary: string, nextstat: string, scratch: string): Promise<BenchLine[]> {
  const dir = join(scratch, "shards10000");
  await makeShards(dir, 10_000, 100);
  const names = (kind: string) => Array.from({ length: 10_000 }, (_, i) => join(dir, `shard_${i}.${kind}.json`));
  const theirs = ["unbinned-merge-toys", "-o", join(scratch, "theirs.json"), ...names("out")];
  const sums = ["/usr/bin/sha256sum", ...names("out"), ...names("metrics")];
  const merge = await inPairs(ROUNDS, () => measure([binary, "merge", dir]), () => measure([nextstat, ...theirs]));
  const collect = await inPairs(ROUNDS, () => measure([binary, "collect", dir]), () => measure(sums));
  const status = await inPairs(ROUNDS, () => measure([binary, "status", dir]), () => measure(sums));
  const ten = join(scratch, "shards_ten_times");
  await makeShards(ten, 1000, 10_000);
  const large = await measure([binary, "merge", ten]);
  const how = "10,000 shards × 100 toys";
  const memory = (of: MeasuredPair) => of.first.max_rss_mib / of.second.max_rss_mib;
  const mib = ({ max_rss_mib }: MeasuredPair["first"]) => `${max_rss_mib.toFixed(0)} MiB`;
  return [
    line("merge", merge.ratio, 1, "×", `${how}: ${words(merge, "nextstat unbinned-merge-toys")}`),
    line("merge, memory", memory(merge), 0.5, "×", `${how}: ${mib(merge.first)}; nextstat ${mib(merge.second)}`),
    line(
      "merge, memory at ten times the toys",
      large.max_rss_mib / merge.first.max_rss_mib,
      9,
      "×",
      `1,000 shards × 10,000 toys: ${mib(large)}`,
    ),
    line("collect", collect.ratio, 2.2, "×", `${how}: ${words(collect, SUMS)}`),
    line("status", status.ratio, STATUS, "×", `${how}, all committed: ${words(status, SUMS)}`),
  ];
}

const words = ({ first, second }: MeasuredPair, other: string) =>
  `${first.wall_s.toFixed(2)} s; ${other} ${second.wall_s.toFixed(2)} s`;

/** Measures the report of the run that mergeLines made: 10,000 shards of 100 toys. */
export async function reportLines(binary: string, scratch: string): Promise<BenchLine[]> {
  const out = join(scratch, "report.html");
  const [report] = await inTurn(3, [() => measure([binary, "report", join(scratch, "shards10000"), "--out", out])]);
  const how = "10,000 shards × 100 toys";
  return [
    line("report", report?.wall_s ?? NaN, 3, "s", how),
    line("report, size", (await Deno.stat(out)).size / 1e6, 5, "MB", how),
  ];
}

const COUNTS = [2, 4, 8, 40, 200];
const PILOT = 8;

/**
 * Measures how well a plan from a pilot run of 8 shards predicts runs of other counts, and how long a large plan takes.
 */
export async function planLines(context: RunBench): Promise<BenchLine[]> {
  const { binary, nextstat, config, scratch } = context;
  const makespans = new Map<number, number>();
  for (const shards of COUNTS) {
    const request = ["--config", config, "--n-toys", "1000", "--shards", `${shards}`, "--threads", "1"];
    await measure([
      ...[binary, "run", ...request, "--nextstat-bin", nextstat],
      ...["--out-dir", scratch, "--run-id", `plan${shards}`, "--check-starts", "0"],
    ]);
    makespans.set(shards, readRunFacts(join(scratch, `plan${shards}`)).times.makespan_s ?? NaN);
  }
  const pilot = join(scratch, `plan${PILOT}`);
  const errors = await errorsOf(binary, pilot, makespans);
  const large = [binary, "plan", "--from", pilot, "--n-toys", "1000000", "--slots", "100000"];
  const [one] = await inTurn(3, [() => measure(large)]);
  const median = errors.toSorted((a, b) => a - b)[Math.floor((errors.length - 1) / 2)] ?? NaN;
  const how = errors.map((error, i) =>
    `${COUNTS.filter((count) => count !== PILOT)[i]}: ${(100 * error).toFixed(1)} %`
  );
  return [
    line(
      "plan, median error",
      100 * median,
      10,
      "%",
      `1,000 toys, local, from the ${PILOT}-shard run; ${how.join(", ")}`,
    ),
    line("plan", one?.wall_s ?? NaN, 5, "s", "100,000 slots, 1,000,000 toys, counts from 1 to 10,000"),
  ];
}

async function errorsOf(binary: string, pilot: string, makespans: Map<number, number>): Promise<number[]> {
  const args = ["plan", "--from", pilot, "--shards-list", COUNTS.join(","), "--json"];
  const { stdout } = await new Deno.Command(binary, { args }).output();
  const { counts } = ShardingPlan.parse(JSON.parse(new TextDecoder().decode(stdout)));
  return counts.filter(({ shards }) => shards !== PILOT).map(({ shards, pulled_makespan_s }) =>
    Math.abs(pulled_makespan_s.median / (makespans.get(shards) ?? NaN) - 1)
  );
}

/** Most files that a reader of one adapter opens. */
const MOST_FILES = { htcondor: 6, slurm: 5 };

/** Counts the files of the two large adapters: the one with its name, and those of its folder. */
export async function adapterLines(): Promise<BenchLine[]> {
  const count = async ([name, most]: [string, number]) => {
    const files = await readdir(join(root, "schedulers", name));
    return line(`adapter of ${name}`, files.length + 1, most, "files", `schedulers/${name}.ts and schedulers/${name}/`);
  };
  return await Promise.all(Object.entries(MOST_FILES).map(count));
}

/** A counting experiment: nextstat fits 100,000 of its toys in a second. */
const WORKSPACE = {
  channels: [{
    name: "c",
    samples: [
      { name: "signal", data: [10], modifiers: [{ name: "mu", type: "normfactor", data: null }] },
      { name: "background", data: [50], modifiers: [] },
    ],
  }],
  observations: [{ name: "c", data: [52] }],
  measurements: [{ name: "m", config: { poi: "mu", parameters: [] } }],
  version: "1.0.0",
};

/** Measures merge and verify of 1,000,000 toys of a hypothesis test in 1,000 shards, all of them fitted. */
export async function hypotestLines({ binary, nextstat, scratch }: RunBench): Promise<BenchLine[]> {
  const config = join(scratch, "counting.json");
  await writeFile(config, JSON.stringify(WORKSPACE));
  const dir = join(scratch, "hypotest");
  await measure([
    ...[binary, "run", "--workload", "hypotest-toys", "--config", config, "--mu", "1.5", "--n-toys", "1000000"],
    ...["--shards", "1000", "--threads", "1", "--nextstat-bin", nextstat],
    ...["--out-dir", scratch, "--run-id", "hypotest"],
  ]);
  const [merge, verify] = await inTurn(ROUNDS, [
    () => measure([binary, "merge", dir]),
    () => measure([binary, "verify", dir]),
  ]);
  if (!merge || !verify) throw new Error("Two things were measured");
  const how = "1,000,000 binned toys in 1,000 shards";
  const fastest = `${how}; fastest of ${ROUNDS}`;
  return [
    { what: "merge, hypotest-toys", measured: merge.wall_s, at_most: 1, unit: "s", how: fastest },
    // ru_maxrss is in KiB: 150 MB are 143 MiB.
    { what: "merge, hypotest-toys, memory", measured: merge.max_rss_mib, at_most: 143, unit: "MiB", how },
    { what: "verify, hypotest-toys", measured: verify.wall_s, at_most: null, unit: "s", how: fastest },
  ];
}
