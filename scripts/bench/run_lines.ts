import { join } from "node:path";
import { inPairs, inTurn, measure } from "./measure.ts";
import { line } from "./merge_lines.ts";
import type { BenchLine } from "./line.ts";

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

/** A whole local run against `xargs -P2` over the same nextstat commands. */
export async function localRunLine(bench: RunBench): Promise<BenchLine> {
  const folder = join(bench.scratch, "xargs");
  await Deno.mkdir(folder, { recursive: true });
  const fit = [bench.nextstat, "unbinned-fit-toys", "--config", bench.config, "--n-toys", "2000", "--seed", "42"];
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
  const list = join(bench.scratch, "indexes");
  await Deno.writeTextFile(list, Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
  let n = 0;
  const { ratio, first, second } = await inPairs(
    5,
    () => measure([bench.binary, "run", ...request(bench, 2000, 40), "--run-id", `local${n++}`]),
    () => measure(["/usr/bin/xargs", "-a", list, "-P2", "-I{}", ...fit, ...rest]),
  );
  const how = `2,000 toys in 40 shards: ${first.wall_s.toFixed(2)} s; xargs -P2 ${second.wall_s.toFixed(2)} s`;
  return line("local run", ratio, 1.03, "×", how);
}

export async function renderLines(bench: RunBench): Promise<BenchLine[]> {
  let n = 0;
  const render = (...more: string[]) =>
    measure([bench.binary, "render", ...request(bench, 10_000, 10_000), "--run-id", `render${n++}`, ...more]);
  const [checked, plain] = await inTurn(3, [() => render(), () => render("--no-check")]);
  return [
    line("render", checked?.wall_s ?? NaN, 0.15, "s", "10,000 shards, one toy fitted to check the spec"),
    line("render --no-check", plain?.wall_s ?? NaN, 0.12, "s", "10,000 shards"),
  ];
}

export async function startLines(bench: RunBench): Promise<BenchLine[]> {
  const [start] = await inTurn(20, [() => measure([bench.binary, "--version"])]);
  return [
    line("--version", (start?.wall_s ?? NaN) * 1000, 35, "ms", "fastest of 20"),
    line("--version, memory", start?.max_rss_mib ?? NaN, 60, "MiB", "largest of 20"),
  ];
}

/** What `job` adds to the fit of one shard. */
export async function jobLine(bench: RunBench): Promise<BenchLine> {
  const dir = join(bench.scratch, "job");
  await measure([bench.binary, "render", ...request(bench, 500, 10), "--run-id", "job"]);
  const out = join(bench.scratch, "direct.json");
  let shard = 0;
  const toys = ["--n-toys", "500", "--seed", "42", "--threads", "1", "--shard"];
  const [job, direct] = await inTurn(5, [
    () => measure([bench.binary, "job", dir, `${shard++}`]),
    () =>
      measure([bench.nextstat, "unbinned-fit-toys", "--config", bench.config, ...toys, `${shard - 1}/10`, "-o", out]),
  ]);
  const added = ((job?.wall_s ?? NaN) - (direct?.wall_s ?? NaN)) * 1000;
  return line("job, added to a shard", added, 50, "ms", "50 toys; fastest of 5 of each");
}
