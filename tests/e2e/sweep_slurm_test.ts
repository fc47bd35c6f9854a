import assert from "node:assert/strict";
import { join } from "node:path";
import { InjectSummary } from "../../core/schema/inject.ts";
import { Sweep } from "../../core/schema/sweep.ts";
import { SweepSummary } from "../../core/schema/sweep_summary.ts";
import { slurmFile, wholeRun } from "../clusters/slurm_farm.ts";
import { nextstat, readText, spec10k } from "../support/farm.ts";
import { assertSameToys, readJson } from "../support/toys.ts";

const slurm = slurmFile();

/** A fit that notes when it began and ended, by the machine's clock. */
const STAMPED = `date +%s.%N >>"$here/starts"; "$real" "$@"; code=$?; date +%s.%N >>"$here/ends"; exit $code`;

slurm(
  "a sweep on Slurm: its makespan contains the fits' own time stamps, and the pool is recorded before and after",
  async (farm) => {
    const fake = await farm.standIn(STAMPED);
    const runs = join(farm.folder, "runs");
    const args = [
      ...["sweep", "run", "--scheduler", "slurm", "--shards-list", "3", "--n-toys", "9", "--config", spec10k()],
      ...["--nextstat-bin", fake.path, "--threads", "1", "--no-check", "--out-root", runs, "--sweep-id", "s"],
      ...["--poll-s", "0.5", "--json"],
    ];
    const [point] = SweepSummary.parse(JSON.parse((await farm.must(args)).stdout)).points;
    assert(point && point.makespan_s !== null && point.turnaround_s !== null && point.stopwatch_s !== null);
    const stamps = async (name: string) => (await readText(join(farm.folder, name))).trimEnd().split("\n").map(Number);
    const [starts, ends] = [await stamps("starts"), await stamps("ends")];
    assert.equal(ends.length, 3);
    const fits_s = Math.max(...ends) - Math.min(...starts);
    // Records have whole milliseconds.
    assert(point.makespan_s >= fits_s - 0.002, `${point.makespan_s} s for fits of ${fits_s} s`);
    assert(point.makespan_s <= point.turnaround_s && point.turnaround_s <= point.stopwatch_s + 0.1);
    const sweep = Sweep.parse(JSON.parse(await readText(join(runs, "s.sweep.json"))));
    const nodes = sweep.runs[0]?.farm?.before?.nodes;
    assert.deepEqual(nodes?.map(({ name, cpus }) => [name, cpus]), [["n1", 2], ["n2", 2]]);
    assertSameToys(await readJson(join(runs, "s_sh3", "merged.out.json")), await wholeRun({ toys: 9 }));
  },
);

slurm(
  "an injection study on Slurm: the jobs of all points are there before the first has ended, and the numbers are those of this machine",
  async (farm) => {
    const argsOf = (root: string, more: string[]) => [
      ...["inject", "run", "--inject", "mu=1,2", "--config", spec10k(), "--n-toys", "6", "--shards", "2"],
      ...["--threads", "1", "--nextstat-bin", nextstat(), "--out-root", join(farm.folder, root), "--inject-id", "s"],
      ...["--json", ...more],
    ];
    const pointsOf = (stdout: string) => InjectSummary.parse(JSON.parse(stdout)).points;
    const { stdout, stderr } = await farm.must(argsOf("jobs", ["--scheduler", "slurm"]));
    const [submitted, done] = [stderr.lastIndexOf("slurm job "), stderr.indexOf("s_mu1: done")];
    assert(submitted > 0 && submitted < done, stderr);
    const here = await farm.must(argsOf("here", ["--scheduler", "local"]));
    assert.deepEqual(pointsOf(stdout), pointsOf(here.stdout));
    assert.deepEqual(pointsOf(stdout).map(({ n_toys, poi_true }) => [n_toys, poi_true]), [[6, 1], [6, 2]]);
  },
);
