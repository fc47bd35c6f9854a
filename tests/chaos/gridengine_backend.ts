import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { requestArgs } from "../support/farm.ts";
import { bringUpGridEngine, type GridEngine } from "../support/gridengine_cluster.ts";
import { leftovers, until } from "../support/scratch.ts";
import { giveAway } from "../support/slurm_cluster.ts";
import { standIn } from "../support/stand_in.ts";
import { userFarm } from "../support/user_farm.ts";
import { type Backend, BEHAVIOUR, fillDisk, oneOf, SHARDS, TOYS, within } from "./parts.ts";
import { type ChaosFarm, chaosRound, type Round } from "./round.ts";

/** A real Grid Engine of one node, by the plugin beside the binary. */
export async function gridEngineBackend(): Promise<Backend> {
  const cluster = await bringUpGridEngine();
  return { round: (seed) => gridEngineRound(cluster, seed), close: cluster.down };
}

async function gridEngineRound(cluster: GridEngine, seed: number): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const fake = await standIn(folder, BEHAVIOUR);
    await chmod(join(folder, "fits.log"), 0o666);
    const farm = userFarm("gridengine", folder, cluster.env);
    const options = { toys: TOYS, shards: SHARDS, nextstat: fake.path };
    const chaos: ChaosFarm = {
      folder,
      command: ["run", "--scheduler", "gridengine", ...requestArgs(folder, options)],
      ...{ toys: TOYS, shards: SHARDS, max_command_s: 400, span_ms: 12_000 },
      start: (args) => farm.start(args, { most_s: 900 }),
      fits: fake.log,
      faults: { ...fillDisk(fake.mark), ...gridEngineFaults(cluster) },
      mayDouble: true,
      heal: () => Promise.resolve(),
      leftovers: () => leftovers(folder),
    };
    try {
      return await chaosRound(seed, chaos);
    } finally {
      for (const { id } of await tasks(cluster)) await cluster.ask("qdel", id).catch(() => {});
      await until("the queue is empty", async () => (await tasks(cluster)).length === 0);
    }
  }, "nsfarm chaos ");
}

/** Jobs in the queue; a running task has a number of its own in the last column (qstat(1)). */
async function tasks(cluster: GridEngine): Promise<{ id: string; task: string | undefined }[]> {
  const lines = (await cluster.ask("qstat").catch(() => "")).split("\n").slice(2).filter(Boolean);
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return { id: words[0] ?? "", task: /^\d+$/.test(words.at(-1) ?? "") ? words.at(-1) : undefined };
  });
}

function gridEngineFaults(cluster: GridEngine): ChaosFarm["faults"] {
  return {
    "delete a task": async (dice) => {
      const one = oneOf(dice, (await tasks(cluster)).filter(({ task }) => task !== undefined));
      if (one) await cluster.ask("qdel", one.id, "-t", one.task ?? "1").catch(() => {});
    },
    "delete a job": async (dice) => {
      const one = oneOf(dice, await tasks(cluster));
      if (one) await cluster.ask("qdel", one.id).catch(() => {});
    },
  };
}
