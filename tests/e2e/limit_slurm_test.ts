import assert from "node:assert/strict";
import { join } from "node:path";
import { ACCURATE, limitJson, limitWords, localSummary, summaryIn } from "../clusters/limits.ts";
import { jobIds, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { until } from "../support/scratch.ts";
import { writeWorkspace } from "../support/workspace.ts";

const slurm = slurmFile();

slurm(
  "the points of a limit are submitted to Slurm together; a user who left collects them, sees which have no result, and goes on to the result of this machine",
  async (farm) => {
    const { folder, must, start } = farm;
    const config = await writeWorkspace(folder);
    const limits = join(folder, "limits");
    const json = ["--limit-json", limitJson(folder)];
    const point = (mu: number) => join(limits, `l_mu${mu}`);
    const fit = await farm.standIn('until [ -e "$here/go" ]; do sleep 0.1; done');
    await must(["limit", "render", "--scheduler", "slurm", ...limitWords(config, fit.path, limits)]);

    const driver = start(["limit", "submit", ...json, ...ACCURATE]);
    await until("all points are submitted", async () => {
      const jobs = await Promise.all([0.75, 1, 1.25, 1.5].map((mu) => jobIds(point(mu))));
      return jobs.every(({ length }) => length === 1);
    });
    driver.kill("SIGINT");
    const left = await driver.ended;
    assert.equal(left.code, 130, left.stderr);
    assert.match(
      left.stderr,
      /interrupted: the jobs go on in slurm; go on with nsfarm-deno limit submit .*--accuracy 0\.03$/m,
    );
    const before = await must(["limit", "summarize", ...json], 5);
    assert.match(before.stdout, /^no upper limit: no point has a result$/m);

    await farm.cluster.ask("scancel", (await jobIds(point(1.25)))[0] ?? "");
    await fit.mark("go");
    await untilIdle(farm);
    const collected = await must(["limit", "collect", ...json], 5);
    assert.match(collected.stdout, /^done .*l_mu0\.75\ndone .*l_mu1\n(open|failed) .*l_mu1\.25: .*\ndone .*l_mu1\.5$/m);
    const lacking = await must(["limit", "summarize", ...json, ...ACCURATE], 5);
    assert.match(lacking.stdout, /^no result yet at mu = 1\.25 \(1 of 4 points\): this is from the others$/m);
    assert.match(
      lacking.stderr,
      /^go on with: nsfarm-deno limit submit .*\nwhy .*: nsfarm-deno doctor .*l_mu1\.25'?$/m,
    );

    const { stdout } = await must(["limit", "submit", ...json, ...ACCURATE, "--json"]);
    assert.deepEqual(summaryIn(stdout), await localSummary(folder, config));
  },
);
