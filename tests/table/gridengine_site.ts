import { join } from "node:path";
import { asNamed, giveAway, homeOf, OTHER_USER, USER } from "../clusters/as_user.ts";
import { bringUpGridEngine } from "../clusters/gridengine_cluster.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { until } from "../support/scratch.ts";
import { type Column, type Columns, sharedFit, type TestSite } from "./site.ts";

const columns: Column[] = [
  { name: "Grid Engine", words: ["--scheduler", "gridengine"], usual: [] },
  { name: "Grid Engine, 2 starts", words: ["--scheduler", "gridengine"], starts: 2, usual: [] },
];

/** A real Grid Engine of one node, by the plugin beside the binary. */
async function gridEngineSite(): Promise<TestSite> {
  const cluster = await bringUpGridEngine();
  const queued = async () => (await cluster.ask("qstat", "-u", USER)).split("\n").slice(2).filter(Boolean);
  return {
    prefix: () => join(cluster.dir, "run "),
    farm: async (folder, { words }, whose) => {
      const user = whose === "mine" ? USER : OTHER_USER;
      await giveAway(folder, user);
      const env = { ...cluster.env, ...homeOf(user) };
      return {
        ...userFarm("gridengine", folder, env, (...argv) => asNamed(user, ...argv)),
        words,
        fit: (behaviour) => sharedFit(folder, behaviour),
      };
    },
    queued,
    clear: async () => {
      if ((await queued()).length > 0) await cluster.ask("qdel", "-u", USER);
      await until("the queue is empty", async () => (await queued()).length === 0);
    },
    close: cluster.down,
  };
}

export const ON_GRIDENGINE: Columns = { of: "Grid Engine", columns, open: gridEngineSite, isCluster: true };
