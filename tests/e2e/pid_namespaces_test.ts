import assert from "node:assert/strict";
import { binary, mustRun, requestArgs, runDir, start, type Started } from "../support/farm.ts";
import { canMount, unlessMounting } from "../support/mounts.ts";
import { countDone } from "../support/run_dir.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

/** Starts the program in a PID namespace of its own, as in a container; with it all in the namespace are killed. */
const startInside = (folder: string, args: string[]): Started =>
  start(folder, ["--pid", "--fork", "--kill-child", "--mount-proc", binary(), ...args], { program: "unshare" });

Deno.test({
  name:
    `loops in two containers of one machine fit no shard twice, and what a killed one began is run again${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder(async (folder) => {
      const slow = await standIn(folder, 'until [ -e "$here/go" ]; do sleep 0.1; done');
      await mustRun(folder, ["render", ...requestArgs(folder, { toys: 4, shards: 2, nextstat: slow.path })]);
      // Its log may have "double" besides: process ids of one namespace have no meaning in the other.
      const fits = async () => (await slow.log()).filter(({ what }) => what === "start").length;
      const work = ["work", runDir(folder), "--heartbeat-s", "1"];
      const first = startInside(folder, [...work, "--slots", "2"]);
      await until("both shards run", async () => await fits() === 2);
      const second = startInside(folder, [...work, "--slots", "2"]);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      assert.equal(await fits(), 2, "the second loop leaves them to the first");
      first.kill("SIGKILL");
      await until("the second takes them over", async () => await fits() === 4);
      second.kill("SIGKILL");
      await slow.mark("go");
      await mustRun(folder, ["retry", runDir(folder), "--wait"]);
      assert.equal(await countDone(runDir(folder)), 2);
      await Promise.all([first.ended, second.ended]);
    }),
});
