import { join } from "node:path";
import { bringUp, type CondorPool } from "../support/condor_pool.ts";
import { openFit } from "../support/condor_farm.ts";
import { requestArgs } from "../support/farm.ts";
import { leftovers, pause, until } from "../support/scratch.ts";
import { giveAway } from "../support/slurm_cluster.ts";
import { userFarm } from "../support/user_farm.ts";
import { type Backend, BEHAVIOUR, fillDisk, oneOf, SHARDS, TOYS, within } from "./parts.ts";
import { type ChaosFarm, chaosRound, type Round } from "./round.ts";

/** A real HTCondor of two nodes, which see the run directory or not. */
export async function condorBackend(mode: "shared" | "transfer"): Promise<Backend> {
  const pool = await bringUp({ slots: 2, nodes: 2, hidden: mode === "transfer" });
  return { round: (seed) => condorRound(pool, seed, mode), close: pool.down };
}

async function condorRound(pool: CondorPool, seed: number, mode: string): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const farm = { ...userFarm("htcondor", folder, pool.env), pool };
    const fit = await openFit(farm, BEHAVIOUR);
    const options = { toys: TOYS, shards: SHARDS, nextstat: fit.path, more: ["--mode", mode] };
    const later: Promise<unknown>[] = [];
    const chaos: ChaosFarm = {
      folder,
      command: ["run", "--scheduler", "htcondor", ...requestArgs(folder, options)],
      ...{ toys: TOYS, shards: SHARDS, max_command_s: 400, span_ms: 12_000 },
      start: (args) => farm.start(args, { most_s: 900 }),
      fits: async () =>
        (await fit.log()).flatMap(({ what, shard, pid }) =>
          what === "start" || what === "end" ? [{ what, shard: Number(shard), attempt: NaN, pid }] : []
        ),
      faults: { ...fillDisk(fit.mark), ...condorFaults(pool, later) },
      mayDouble: true,
      heal: async () => {
        await Promise.all(later);
        for (const name of ["node-e1", "node-e2", "schedd"]) await pool.daemon("start", name);
      },
      leftovers: () => leftovers(folder),
    };
    try {
      return await chaosRound(seed, chaos);
    } finally {
      await chaos.heal();
      await pool.ask("condor_rm", "-all").catch(() => {});
      await until(
        "the queue is empty",
        async () => await pool.ask("condor_q", "-allusers", "-af:j", "JobStatus") === "",
      );
    }
  }, join(pool.site, "nsfarm chaos "));
}

function condorFaults(pool: CondorPool, later: Promise<unknown>[]): ChaosFarm["faults"] {
  const toJob = async (dice: number, program: string) => {
    const jobs = (await pool.ask("condor_q", "-allusers", "-af:j", "JobStatus").catch(() => "")).split("\n");
    const job = oneOf(dice, jobs.map((line) => line.split(" ")[0] ?? "").filter(Boolean));
    if (job !== undefined) await pool.ask(program, job).catch(() => {});
    return job;
  };
  const down = async (name: string, ms: number) => {
    await pool.daemon("kill", name).catch(() => {});
    later.push(pause(ms).then(() => pool.daemon("start", name)));
  };
  return {
    "remove a job": async (dice) => {
      await toJob(dice, "condor_rm");
    },
    "vacate a job": async (dice) => {
      await toJob(dice, "condor_vacate_job");
    },
    "hold a job": async (dice) => {
      const job = await toJob(dice, "condor_hold");
      if (job !== undefined) later.push(pause(3000).then(() => pool.ask("condor_release", job).catch(() => {})));
    },
    "kill the schedd": (dice) => down("schedd", 500 + 3000 * dice),
    "kill a node": (dice) => down(dice < 0.5 ? "node-e1" : "node-e2", 500 + 2000 * dice),
  };
}
