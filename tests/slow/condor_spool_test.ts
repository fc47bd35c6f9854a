// slow: it waits for queries of a dead schedd
import assert from "node:assert/strict";
import { condorFile, statusWords } from "../clusters/condor_farm.ts";
import { assertNothingLeft, SPOOL, statesOf, untilCompleted } from "../clusters/spooled_runs.ts";
import { programInFront } from "../clusters/user_farm.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });
test("results that cannot be fetched stay in the spool, also at cancel, and their shards are not lost", async (farm) => {
  const dir = await farm.render({ toys: 4, shards: 2, more: SPOOL });
  await farm.must(["submit", dir]);
  await untilCompleted(farm, 2);
  const refuses = 'echo "ERROR: Failed to spool job files." >&2; exit 1';
  const env = await programInFront(farm.folder, "condor_transfer_data", refuses);
  const { stdout } = await farm.must(["status", dir], 0, { env });
  assert.match(stdout, /2 running of 2 shards[^]*has ended, but its results are not here: ERROR: Failed to spool/);
  const collected = await farm.must(["collect", dir], 5, { env });
  assert.match(collected.stderr, /warning: results were not fetched from htcondor: .*Failed to spool/);
  await farm.start(["cancel", dir], { env }).ended;
  assert.deepEqual(await statesOf(farm), ["4", "4"]);
  assert.match(await statusWords(farm, dir), /2 done of 2 shards/);
  await assertNothingLeft(farm, dir);
});
