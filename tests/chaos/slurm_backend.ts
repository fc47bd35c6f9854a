import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { requestArgs } from "../support/farm.ts";
import { leftovers, pause } from "../support/scratch.ts";
import { bringUp, giveAway, type SlurmCluster } from "../support/slurm_cluster.ts";
import { emptyQueue } from "../support/slurm_farm.ts";
import { standIn } from "../support/stand_in.ts";
import { userFarm } from "../support/user_farm.ts";
import { type Backend, BEHAVIOUR, fillDisk, oneOf, SHARDS, TOYS, within } from "./parts.ts";
import { type ChaosFarm, chaosRound, type Round } from "./round.ts";

/** A real Slurm of two nodes. @param more options of the run, such as --pilots */
export async function slurmBackend(more: string[]): Promise<Backend> {
  const cluster = await bringUp(["--min-job-age", "60", "--slurmd-timeout", "10"]);
  return { round: (seed) => slurmRound(cluster, seed, more), close: cluster.down };
}

async function slurmRound(cluster: SlurmCluster, seed: number, more: string[]): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const fake = await standIn(folder, BEHAVIOUR);
    await chmod(join(folder, "fits.log"), 0o666);
    const farm = userFarm("slurm", folder, cluster.env);
    const options = { toys: TOYS, shards: SHARDS, nextstat: fake.path, more };
    const later: Promise<unknown>[] = [];
    const chaos: ChaosFarm = {
      folder,
      command: ["run", "--scheduler", "slurm", ...requestArgs(folder, options)],
      ...{ toys: TOYS, shards: SHARDS, max_command_s: 400, span_ms: 12_000 },
      start: (args) => farm.start(args, { most_s: 900 }),
      fits: fake.log,
      faults: { ...fillDisk(fake.mark), ...slurmFaults(cluster, later) },
      // A node that was down may run its fits on while their jobs are requeued.
      mayDouble: true,
      heal: async () => {
        await Promise.all(later);
        for (const name of DAEMONS) await cluster.daemon("start", name);
        await resume(cluster);
      },
      leftovers: () => leftovers(folder),
    };
    try {
      return await chaosRound(seed, chaos);
    } finally {
      await chaos.heal();
      await emptyQueue(cluster);
    }
  }, "nsfarm chaos ");
}

const DAEMONS = ["slurmctld", "slurmd-n1", "slurmd-n2"];

/** A job that a node knows and slurmctld does not drains the node: a person resumes it. */
async function resume(cluster: SlurmCluster): Promise<void> {
  for (const node of ["n1", "n2"]) {
    await cluster.asRoot("scontrol", "update", `nodename=${node}`, "state=resume").catch(() => {});
  }
}

function slurmFaults(cluster: SlurmCluster, later: Promise<unknown>[]): ChaosFarm["faults"] {
  const jobs = async () =>
    (await cluster.ask("squeue", "--me", "--noheader", "--array", "--format=%i").catch(() => "")).split("\n").filter(
      Boolean,
    );
  const toJob = async (dice: number, program: string, ...words: string[]) => {
    const job = oneOf(dice, await jobs());
    if (job !== undefined) await cluster.ask(program, ...words, job).catch(() => {});
    return job;
  };
  const down = async (name: string, ms: number) => {
    await cluster.daemon("kill", name).catch(() => {});
    later.push(pause(ms).then(() => cluster.daemon("start", name.replace("node-", "slurmd-"))));
  };
  return {
    "cancel a job": async (dice) => {
      await toJob(dice, "scancel");
    },
    "requeue a job": async (dice) => {
      await toJob(dice, "scontrol", "requeue");
    },
    "hold a job": async (dice) => {
      const job = await toJob(dice, "scontrol", "hold");
      if (job !== undefined) {
        later.push(pause(3000).then(() => cluster.ask("scontrol", "release", job).catch(() => {})));
      }
    },
    "kill slurmctld": (dice) => down("slurmctld", 500 + 3000 * dice),
    "kill a node": (dice) => down(dice < 0.5 ? "node-n1" : "node-n2", 500 + 2000 * dice),
  };
}
