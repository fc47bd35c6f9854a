import { join } from "node:path";
import { asNamed, giveAway, homeOf, OTHER_USER, USER } from "../clusters/as_user.ts";
import { bringUpSlurm } from "../clusters/slurm_cluster.ts";
import { emptyQueue } from "../clusters/slurm_farm.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { type Column, type Columns, sharedFit, type TestSite } from "./site.ts";

const SLURM = ["--scheduler", "slurm"];

const columns: Column[] = [
  { name: "Slurm", words: SLURM, usual: [] },
  { name: "Slurm, sh wrapper", words: [...SLURM, "--wrapper", "sh"], usual: ["damage"] },
  { name: "Slurm, grouped shards", words: [...SLURM, "--shards-per-job", "2"], usual: [] },
  {
    name: "Slurm, pilots",
    words: [...SLURM, "--pilots", "2"],
    usual: ["retry", "run again"],
  },
  { name: "Slurm, 2 starts", words: SLURM, starts: 2, usual: ["split"] },
  { name: "Slurm, sh wrapper, 2 starts", words: [...SLURM, "--wrapper", "sh"], starts: 2, usual: ["retry"] },
  { name: "Slurm, pilots, 2 starts", words: [...SLURM, "--pilots", "2"], starts: 2, usual: ["run again"] },
];

/** A real Slurm of two nodes of two cores, which are not taken for dead where the machine is busy. */
async function slurmSite(): Promise<TestSite> {
  const cluster = await bringUpSlurm(["--slurmd-timeout", "120"]);
  return {
    prefix: () => join(cluster.dir, "run "),
    farm: async (folder, { words }, whose) => {
      const user = whose === "mine" ? USER : OTHER_USER;
      await giveAway(folder, user);
      return {
        ...userFarm("slurm", folder, { ...cluster.env, ...homeOf(user) }, (...argv) => asNamed(user, ...argv)),
        words,
        fit: (behaviour) => sharedFit(folder, behaviour),
      };
    },
    queued: async () => (await cluster.ask("squeue", "--me", "--noheader")).split("\n").filter(Boolean),
    clear: () => emptyQueue(cluster),
    close: cluster.down,
  };
}

export const ON_SLURM: Columns = { of: "Slurm", columns, open: slurmSite, isCluster: true };
