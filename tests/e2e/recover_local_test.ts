import assert from "node:assert/strict";
import { mustRun, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

Deno.test("run --recover on this machine gives a shard that takes too long more time, and names one that always fails", () =>
  inFolder(async (folder) => {
    const fake = await standIn(
      folder,
      `[ "$shard" != 0 ] || { echo "no licence" >&2; exit 3; }
[ "$shard" != 1 ] || sleep 3`,
    );
    const more = ["--local-time", "0:02", "--recover", "4"];
    const { stderr } = await mustRun(folder, runArgs(folder, { toys: 6, shards: 3, nextstat: fake.path, more }), 5);
    assert.match(stderr, /time limit reached: shards? \S+ rerun with --local-time 0:02 → 00:00:04/);
    assert.match(stderr, /not rerun: shard 0: nextstat ended with an error, 4 times in a row: fix the cause first/);
    const attempts = (await fake.log()).filter(({ what, shard }) => what === "start" && shard === 0);
    assert.equal(attempts.length, 4);
    const { stdout } = await mustRun(folder, ["status", runDir(folder)]);
    assert.match(stdout, /2 done/);
    assert.match(stdout, /recovered +time limit reached: shards? \S+ rerun with --local-time 0:02 → 00:00:04/);
  }));
