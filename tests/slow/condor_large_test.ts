// slow: toys of 2,000,000 events on HTCondor take seconds of a core each; before a push those of Slurm are enough
import { condorFile, condorRun } from "../clusters/condor_farm.ts";
import { assertMerged, spec2m, wholeRun } from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";

const test = condorFile();

for (const mode of ["shared", "transfer"]) {
  test(`the 2M-event spec, 4 toys in 4 shards, gives the unsharded result (--mode ${mode})`, async (farm) => {
    const running = farm.must(condorRun(farm, { toys: 4, shards: 4, config: spec2m(), more: ["--mode", mode] }));
    await Promise.all([running, wholeRun({ toys: 4, config: spec2m() })]);
    await assertMerged(runDir(farm.folder), { toys: 4, config: spec2m() });
  });
}
