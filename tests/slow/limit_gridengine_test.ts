// slow: limits of some dozens of jobs on Grid Engine, killed again and again, take minutes
import { inUserFolder, sharedTests } from "../clusters/cluster.ts";
import { bringUpGridEngine } from "../clusters/gridengine_cluster.ts";
import { limitTests } from "../clusters/limits.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { until } from "../support/scratch.ts";

const declare = sharedTests(() => bringUpGridEngine());

limitTests("Grid Engine", (name, work) =>
  declare(name, ({ ask, env }) => {
    const jobs = async () => [...(await ask("qstat")).matchAll(/^ *(\d+) /gm)].map(([, id = ""]) => id);
    const clear = async () => {
      if ((await jobs()).length > 0) await ask("qdel", "-u", "farmer");
      await until("the queue is empty", async () => (await jobs()).length === 0);
    };
    return inUserFolder("nsfarm gridengine ", (folder) =>
      work({
        ...userFarm("gridengine", folder, env),
        words: ["--scheduler", "gridengine"],
        open: folder,
        ask,
        cancels: async () => [...new Set(await jobs())].map((id) => ["qdel", id]),
      }), clear);
  }));
