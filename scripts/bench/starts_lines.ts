import { join } from "node:path";
import { makeShards } from "../make_shards.ts";
import { root } from "../tools.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
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
  let n = 0;
  const rounds = 3;
  const dirs = Array.from({ length: rounds + 1 }, (_, i) => join(scratch, `starts${i}`));
  for (const i of dirs.keys()) {
    await measure([binary, "render", ...words, ...common, "--run-id", `starts${i}`, "--starts", `${K}`]);
  }
  const list = await directFits(dirs[0] ?? "", scratch);
  const direct = [nextstat, "unbinned-fit-toys", "--n-toys", `${TOYS}`, "--seed", "7", "--threads", "1"];
  const { ratio, first, second } = await inPairs(
    rounds,
    () => measure([binary, "submit", dirs[n++] ?? "", "--wait"]),
    () => measure(["/usr/bin/env", ...ONE_THREAD, "/usr/bin/xargs", "-a", list, "-P2", "-L1", ...direct]),
  );
  const times = `${first.wall_s.toFixed(2)} s; xargs -P2 ${second.wall_s.toFixed(2)} s`;
  const how = `${TOYS} toys in ${SHARDS} shards from ${K} starts, and the same ${K * SHARDS} fits: ${times}`;
  return line("run with starts / its fits", ratio, 1.05, "×", how);
}

/** Writes the words of each fit of a run with starts, a line for each, and returns the file's path. */
async function directFits(dir: string, scratch: string): Promise<string> {
  const { config, farm } = loadFarmRun(dir).manifest;
  const values = Object.entries(farm.frozen_gen ?? {}).map(([name, value]) => `--set ${name}=${value}`).join(" ");
  const lines = (farm.starts?.list ?? []).flatMap(({ spec, index }) =>
    Array.from({ length: SHARDS }, (_, shard) => {
      const out = join(scratch, `direct_${index}_${shard}`);
      const files = `--json-metrics ${out}.metrics.json -o ${out}.out.json`;
      return `--config ${
        spec === null ? config : join(dir, spec)
      } --shard ${shard}/${SHARDS} --gen init ${values} ${files}\n`;
    })
  );
  const path = join(scratch, "direct_fits");
  await Deno.writeTextFile(path, lines.join(""));
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
