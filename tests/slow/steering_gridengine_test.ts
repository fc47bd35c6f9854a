// slow: on Slurm, HTCondor and pilots the same is tested before a push
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { inUserFolder, sharedTests } from "../clusters/cluster.ts";
import { bringUpGridEngine } from "../clusters/gridengine_cluster.ts";
import { jobIds } from "../clusters/slurm_farm.ts";
import { steeringTests } from "../clusters/steering.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

const declare = sharedTests(() => bringUpGridEngine());

steeringTests("Grid Engine", (name, work) =>
  declare(name, (cluster) => {
    const { ask, env } = cluster;
    const clear = async () => {
      if (await ask("qstat") !== "") await ask("qdel", "-u", "farmer");
      await until("the queue is empty", async () => (await ask("qstat")) === "");
    };
    return inUserFolder("nsfarm gridengine ", (folder) =>
      work({
        ...userFarm("gridengine", folder, env),
        words: ["--scheduler", "gridengine"],
        slots: 8,
        fit: async (behaviour) => {
          const fake = await standIn(folder, behaviour);
          await chmod(join(folder, "fits.log"), 0o666);
          return fake;
        },
        holdOne: async (dir) => {
          const task = `${(await jobIds(dir))[0]}.10`;
          await ask("qhold", task);
          return () => ask("qrls", task);
        },
      }), clear);
  }), true);
