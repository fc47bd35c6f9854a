import { join } from "node:path";
import { makeShards } from "../make_shards.ts";
import { root } from "../tools.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
import { quoteCommand } from "../../core/shell_quote.ts";
import { loadFarmRun } from "../../runtime/run/load_manifest.ts";
import { type BenchLine, inPairs, inTurn, line, measure } from "./measure.ts";
import type { RunBench } from "./run_lines.ts";

/** Starts of the measured run, its toys and shards. */
const K = 4;
const TOYS = 8000;
const SHARDS = 10;

/** Measures runs whose toys are fitted from several starts: their fits, their merge, and the check before a run. */
export async function startsLines(context: RunBench): Promise<BenchLine[]> {
  return [await fitsLine(context), await mergeLine(context), await checkLine(context)];
}

/** As the program sets it for its fits. */
const ONE_THREAD = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);

const sample = (name: string): string => join(root, "tests", "samples", "starts", name);

/** Measures a run with starts against the same fits, all of them, by `xargs -P2`. */
async function fitsLine({ binary, nextstat, scratch }: RunBench): Promise<BenchLine> {
  const words = ["--config", sample("floating_b.json"), "--n-toys", `${TOYS}`, "--shards", `${SHARDS}`];
  const common = ["--threads", "1", "--seed", "7", "--nextstat-bin", nextstat, "--out-dir", scratch];
  const request = (i: number) => [...words, ...common, "--run-id", `starts${i}`, "--starts", `${K}`];
  let n = 0;
  const rounds = 3;
  const dirs = Array.from({ length: rounds + 1 }, (_, i) => join(scratch, `starts${i}`));
  for (const i of dirs.keys()) {
    await measure([binary, "render", ...request(i)]);
  }
  const list = await directFits(dirs[0] ?? "", { nextstat, scratch });
  const { ratio, first, second } = await inPairs(
    rounds,
    // It goes on with the rendered run, whose starts are made.
    () => measure([binary, "run", ...request(n++)]),
    () => measure(["/usr/bin/env", ...ONE_THREAD, "/usr/bin/xargs", "-a", list, "-P2", "-L1", "/bin/sh"]),
  );
  const times = `${first.wall_s.toFixed(2)} s; xargs -P2 ${second.wall_s.toFixed(2)} s`;
  const how = `${TOYS} toys in ${SHARDS} shards from ${K} starts, and the same ${
    K * SHARDS
  } fits, those of a shard after one another: ${times}`;
  return line("run with starts / its fits", ratio, 1.05, "×", how);
}

/** Writes a script for the fits of each shard of a run, from one start after the other, and returns a list of them. */
async function directFits(dir: string, { nextstat, scratch }: { nextstat: string; scratch: string }): Promise<string> {
  const { config, farm } = loadFarmRun(dir).manifest;
  const values = Object.entries(farm.frozen_gen ?? {}).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const scripts = await Promise.all(Array.from({ length: SHARDS }, async (_, shard) => {
    const fits = (farm.starts?.list ?? []).map(({ spec, index }) => {
      const out = join(scratch, `direct_${index}_${shard}`);
      return quoteCommand([
        ...[nextstat, "unbinned-fit-toys", "--config", spec === null ? config : join(dir, spec)],
        ...["--n-toys", `${TOYS}`, "--seed", "7", "--threads", "1", "--shard", `${shard}/${SHARDS}`],
        ...["--gen", "init", ...values, "--json-metrics", `${out}.metrics.json`, "-o", `${out}.out.json`],
      ]);
    });
    const script = join(scratch, `direct_${shard}.sh`);
    await Deno.writeTextFile(script, `${fits.join("\n")}\n`);
    return script;
  }));
  const path = join(scratch, "direct_fits");
  await Deno.writeTextFile(path, `${scripts.join("\n")}\n`);
  return path;
}

/** Measures the merge of 1,000,000 toys with the tallies of their starts against the merge without. */
async function mergeLine({ binary, scratch }: RunBench): Promise<BenchLine> {
  const [plain, starts] = [join(scratch, "without_starts"), join(scratch, "with_starts")];
  await makeShards(plain, 10_000, 100);
  await makeShards(starts, 10_000, 100, { starts: K });
  const { ratio, first, second } = await inPairs(
    5,
    () => measure([binary, "merge", starts]),
    () => measure([binary, "merge", plain]),
  );
  const how = `10,000 shards × 100 toys of ${K} starts: ${first.wall_s.toFixed(2)} s; without ${
    second.wall_s.toFixed(2)
  } s`;
  return line("merge with starts / without", ratio, 1.3, "×", how);
}

/** Measures what the check of starts adds to a render. */
async function checkLine({ binary, nextstat, config, scratch }: RunBench): Promise<BenchLine> {
  let n = 0;
  const render = (...more: string[]) => {
    const request = ["--config", config, "--n-toys", "1000", "--shards", "10", "--threads", "1"];
    const place = ["--nextstat-bin", nextstat, "--out-dir", scratch, "--run-id", `check${n++}`];
    return measure([binary, "render", ...request, ...place, ...more]);
  };
  const [checked, plain] = await inTurn(3, [() => render(), () => render("--check-starts", "0")]);
  const [with_s, without_s] = [checked, plain].map((one) => one?.wall_s ?? NaN);
  const how = `render with it ${with_s?.toFixed(2)} s, without ${without_s?.toFixed(2)} s; 40 toys of 10,000 events`;
  return line("check of starts, added", (with_s ?? NaN) - (without_s ?? NaN), 5, "s", how);
}
