// slow: fits 3,000 toys
import { join } from "node:path";
import { mustRun, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

Deno.test("1,000 toys, extended by 500, give the result of 1,500 unsharded toys", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 1000, shards: 8 }));
    await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+500", "--wait"]);
    assertSameToys(await readJson(join(runDir(folder), "merged.out.json")), await unsharded(folder, 1500));
    await mustRun(folder, ["verify", runDir(folder)]);
  }));
