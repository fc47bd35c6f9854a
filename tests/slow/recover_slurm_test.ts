// slow: of HTCondor the same is tested before a push; Slurm's shortest time limit is a minute
import assert from "node:assert/strict";
import { type SlurmFarm, slurmFile, slurmRun } from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";
import { programInFront } from "../clusters/user_farm.ts";
import { assertRecovered } from "../clusters/alike.ts";

const test = slurmFile();

/**
 * Puts an sbatch in front of the real one that refuses, with Slurm's words for a limit of a QOS (MaxSubmitPU), an array
 * that would give the user more than 3 jobs in the queue.
 */
async function queueOfThree(farm: SlurmFarm): Promise<Record<string, string>> {
  return await programInFront(
    farm.folder,
    "sbatch",
    `list=
for word; do case $word in --array=*) list=\${word#--array=} ;; esac; done
new=$(echo "\${list%%%*}" | tr , '\\n' | awk -F- '{ n += (NF > 1 ? $2 - $1 + 1 : 1) } END { print n }')
old=$(squeue --me --array --noheader | wc -l)
if [ $((new + old)) -gt 3 ]; then
  echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" >&2
  exit 1
fi
exec "$real" "$@"`,
  );
}

const NEEDS_MORE = `[ "$shard" != 1 ] || [ "$SLURM_MEM_PER_NODE" -gt 300 ] || {
  echo "memory allocation of 367001600 bytes failed" >&2; exit 101; }
[ "$shard" != 2 ] || [ $((SLURM_JOB_END_TIME - SLURM_JOB_START_TIME)) -gt 60 ] || exec sleep 600`;

test("run --recover ends whole in spite of too little memory, too little time, a node that fails every job and a queue of three jobs; the report tells all four", async (farm) => {
  const env = await queueOfThree(farm);
  const fake = await farm.standIn(`[ "$SLURMD_NODENAME" != n2 ] || { echo "no licence" >&2; exit 3; }
${NEEDS_MORE}
sleep 1`);
  const more = ["--recover", "3", "--slurm-time", "00:01:00", "--slurm-memory", "300M"];
  const request = { toys: 20, shards: 10, nextstat: fake.path, more };
  const { stderr } = await farm.must(slurmRun(farm, request), 0, { env });
  const dir = runDir(farm.folder);
  assert.match(stderr, /slurm takes no more jobs now/);
  await assertRecovered(farm, dir, [
    /out of memory: shard 1 rerun with --slurm-memory 300M → 450M/,
    /time limit reached: shard 2 rerun with --slurm-time 00:01:00 → 00:02:00/,
    /node n2 fails jobs: shards? [-0-9, ]+ rerun with --slurm-exclude \(none\) → n2/,
    /submit limit reached \(sbatch: error: QOSMaxSubmitJobPerUserLimit.*\): shards .* submitted in \d+ parts, as jobs ended/,
  ]);
});
