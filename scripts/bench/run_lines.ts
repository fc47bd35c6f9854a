import { join } from "node:path";
import { doneShards, type ShardFacts } from "../../core/run_facts.ts";
import { readRunFacts } from "../../runtime/state/facts.ts";
import { DevError } from "../tools.ts";
import { type BenchLine, inPairs, inTurn, line, measure } from "./measure.ts";

/** Settings that the measurements of runs share. */
export interface RunBench {
  binary: string;
  nextstat: string;
  config: string;
  scratch: string;
}

const request = ({ nextstat, config, scratch }: RunBench, toys: number, shards: number) => [
  ...["--config", config, "--n-toys", `${toys}`, "--shards", `${shards}`, "--threads", "1"],
  ...["--nextstat-bin", nextstat, "--out-dir", scratch],
];

/** Measures a whole local run against `xargs -P2` over the same nextstat commands. */
export async function localRunLine(context: RunBench): Promise<BenchLine> {
  const folder = join(context.scratch, "xargs");
  await Deno.mkdir(folder, { recursive: true });
  const fit = [context.nextstat, "unbinned-fit-toys", "--config", context.config, "--n-toys", "2000", "--seed", "42"];
  const rest = [
    "--threads",
    "1",
    "--shard",
    "{}/40",
    "--json-metrics",
    join(folder, "m{}.json"),
    "-o",
    join(folder, "o{}.json"),
  ];
  const list = join(context.scratch, "indexes");
  await Deno.writeTextFile(list, Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
  let n = 0;
  const { ratio, first, second } = await inPairs(
    5,
    () =>
      measure([context.binary, "run", ...request(context, 2000, 40), "--run-id", `local${n++}`, "--check-starts", "0"]),
    () => measure(["/usr/bin/xargs", "-a", list, "-P2", "-I{}", ...fit, ...rest]),
  );
  const how = `2,000 toys in 40 shards: ${first.wall_s.toFixed(2)} s; xargs -P2 ${second.wall_s.toFixed(2)} s`;
  return line("local run", ratio, 1.03, "×", how);
}

/** Bound of render --no-check in starts of the program: 0.12 s where a start takes 21 ms. */
const RENDER_STARTS = 5.7;

/** Measures render of 10,000 shards, and in turn the start of the program, in which it is held. */
export async function renderLines(context: RunBench): Promise<BenchLine[]> {
  let n = 0;
  const render = (...more: string[]) =>
    measure([context.binary, "render", ...request(context, 10_000, 10_000), "--run-id", `render${n++}`, ...more]);
  const start = () => measure([context.binary, "--version"]);
  const [checked, plain, started] = await inTurn(5, [
    () => render("--check-starts", "0"),
    () => render("--no-check"),
    start,
  ]);
  const [checked_s, plain_s, start_s] = [checked, plain, started].map((one) => one?.wall_s ?? NaN);
  const how = `10,000 shards: ${ms(plain_s)}; --version ${ms(start_s)}; fastest of 5 of each`;
  return [
    line("render", checked_s ?? NaN, 0.15, "s", "10,000 shards, one toy fitted to check the spec"),
    line("render --no-check / --version", (plain_s ?? NaN) / (start_s ?? NaN), RENDER_STARTS, "×", how),
  ];
}

const ms = (seconds = NaN): string => `${(1000 * seconds).toFixed(0)} ms`;

/** Measures the start of the program. */
export async function startLines(context: RunBench): Promise<BenchLine[]> {
  const [start] = await inTurn(20, [() => measure([context.binary, "--version"])]);
  return [
    line("--version", (start?.wall_s ?? NaN) * 1000, 35, "ms", "fastest of 20"),
    line("--version, memory", start?.max_rss_mib ?? NaN, 60, "MiB", "largest of 20"),
  ];
}

/** Few toys: a longer fit varies by more than what is measured. */
const JOB_TOYS = 5;
const JOB_ROUNDS = 30;
/** Bound of what `job` adds, in starts of the program: 50 ms where a start takes 21 ms. */
const JOB_STARTS = 2.4;

/** Measures what `job` adds to the fit of one shard, and in turn the start of the program, in which it is held. */
export async function jobLine(context: RunBench): Promise<BenchLine> {
  const dir = join(context.scratch, "job");
  const toys = JOB_TOYS * JOB_ROUNDS;
  await measure([context.binary, "render", ...request(context, toys, JOB_ROUNDS), "--run-id", "job"]);
  const files = ["-o", join(context.scratch, "direct.json"), "--json-metrics", join(context.scratch, "metrics.json")];
  const fit = [
    context.nextstat,
    "unbinned-fit-toys",
    "--config",
    context.config,
    "--n-toys",
    `${toys}`,
    "--seed",
    "42",
  ];
  let shard = 0;
  const [job, direct, start] = await inTurn(JOB_ROUNDS, [
    () => measure([context.binary, "job", dir, `${shard}`]),
    () => measure([...fit, "--threads", "1", "--shard", `${shard++}/${JOB_ROUNDS}`, ...files]),
    () => measure([context.binary, "--version"]),
  ]);
  const added_s = (job?.wall_s ?? NaN) - (direct?.wall_s ?? NaN);
  const how = `${JOB_TOYS} toys: job ${ms(job?.wall_s)}; nextstat ${ms(direct?.wall_s)}; so ${
    ms(added_s)
  } added; --version ${ms(start?.wall_s)}; fastest of ${JOB_ROUNDS} of each`;
  return line("job, added to a shard / --version", added_s / (start?.wall_s ?? NaN), JOB_STARTS, "×", how);
}

/**
 * Returns the seconds from the first start to the last end.
 * @throws {DevError} when the run is not whole
 */
export function makespanOf(dir: string): number {
  const { makespan_s } = readRunFacts(dir).times;
  if (makespan_s === null) throw new DevError(`Cannot measure the run in "${dir}": it has no makespan`);
  return makespan_s;
}

/** Returns toys per second of one slot of each host, from the fits of these runs. */
export function ratesOf(dirs: string[]): number[] {
  const shards = dirs.flatMap((dir) => doneShards(readRunFacts(dir)));
  const hosts = Map.groupBy(shards, ({ host }) => host);
  const sum = (all: ShardFacts[], of: (one: ShardFacts) => number) => all.reduce((total, one) => total + of(one), 0);
  return [...hosts.values()].map((all) => sum(all, ({ n_toys }) => n_toys) / sum(all, ({ wall_s }) => wall_s ?? NaN));
}

/**
 * Returns the makespan of GNU parallel's joblog in seconds: tab-separated, a head, then Seq, Host, Starttime and
 * JobRuntime (parallel(1)).
 */
export function joblogMakespan(text: string): number {
  const jobs = text.trim().split("\n").slice(1).map((row) => {
    const [, , begin, took] = row.split("\t").map(Number);
    return { begin: begin ?? NaN, end: (begin ?? NaN) + (took ?? NaN) };
  });
  return Math.max(...jobs.map(({ end }) => end)) - Math.min(...jobs.map(({ begin }) => begin));
}
