import { join } from "node:path";
import type { BenchLine } from "./line.ts";
import { inPairs, inTurn, measure } from "./measure.ts";
import { line } from "./merge_lines.ts";

/** What the measurements of runs share. */
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
    () => measure([context.binary, "run", ...request(context, 2000, 40), "--run-id", `local${n++}`]),
    () => measure(["/usr/bin/xargs", "-a", list, "-P2", "-I{}", ...fit, ...rest]),
  );
  const how = `2,000 toys in 40 shards: ${first.wall_s.toFixed(2)} s; xargs -P2 ${second.wall_s.toFixed(2)} s`;
  return line("local run", ratio, 1.03, "×", how);
}

/** Measures render. */
export async function renderLines(context: RunBench): Promise<BenchLine[]> {
  let n = 0;
  const render = (...more: string[]) =>
    measure([context.binary, "render", ...request(context, 10_000, 10_000), "--run-id", `render${n++}`, ...more]);
  const [checked, plain] = await inTurn(3, [() => render(), () => render("--no-check")]);
  return [
    line("render", checked?.wall_s ?? NaN, 0.15, "s", "10,000 shards, one toy fitted to check the spec"),
    line("render --no-check", plain?.wall_s ?? NaN, 0.12, "s", "10,000 shards"),
  ];
}

/** Measures the start of the program. */
export async function startLines(context: RunBench): Promise<BenchLine[]> {
  const [start] = await inTurn(20, [() => measure([context.binary, "--version"])]);
  return [
    line("--version", (start?.wall_s ?? NaN) * 1000, 35, "ms", "fastest of 20"),
    line("--version, memory", start?.max_rss_mib ?? NaN, 60, "MiB", "largest of 20"),
  ];
}

/** Measures what `job` adds to the fit of one shard. */
export async function jobLine(context: RunBench): Promise<BenchLine> {
  const dir = join(context.scratch, "job");
  await measure([context.binary, "render", ...request(context, 500, 10), "--run-id", "job"]);
  const out = join(context.scratch, "direct.json");
  let shard = 0;
  const toys = ["--n-toys", "500", "--seed", "42", "--threads", "1", "--shard"];
  const [job, direct] = await inTurn(5, [
    () => measure([context.binary, "job", dir, `${shard++}`]),
    () =>
      measure([
        context.nextstat,
        "unbinned-fit-toys",
        "--config",
        context.config,
        ...toys,
        `${shard - 1}/10`,
        "-o",
        out,
      ]),
  ]);
  const added = ((job?.wall_s ?? NaN) - (direct?.wall_s ?? NaN)) * 1000;
  return line("job, added to a shard", added, 50, "ms", "50 toys; fastest of 5 of each");
}
