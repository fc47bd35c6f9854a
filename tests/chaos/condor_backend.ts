import { openFit } from "../clusters/condor_farm.ts";
import { bringUpCondor } from "../clusters/condor_pool.ts";
import { userFarm } from "../clusters/user_farm.ts";
import type { Backend } from "./parts.ts";
import { schedulerBackend } from "./scheduler_backend.ts";
import { smallDisk } from "./small_disk.ts";

/** Returns a real HTCondor with two nodes, with or without a shared run directory. */
export async function condorBackend(mode: "shared" | "transfer"): Promise<Backend> {
  // A node sees only mounts made before it.
  const before = mode === "shared" ? await smallDisk() : undefined;
  const pool = await bringUpCondor({ slots: 2, nodes: 2, hidden: mode === "transfer" });
  const { ask } = pool;
  return schedulerBackend({
    ...{ scheduler: "htcondor", env: pool.env, disk: before ?? await smallDisk(), down: pool.down },
    daemon: pool.daemon,
    standIn: async (behaviour, folder) => {
      const fit = await openFit({ ...userFarm("htcondor", folder, pool.env), pool }, behaviour);
      const log = async () =>
        (await fit.log()).flatMap(({ what, shard, pid }) =>
          what === "start" || what === "end" || what === "double"
            ? [{ what, shard: Number(shard), attempt: NaN, pid } as const]
            : []
        );
      return { path: fit.path, mark: fit.mark, log };
    },
    jobs: async () =>
      (await ask("condor_q", "-allusers", "-af:j", "JobStatus")).split("\n").map((line) => line.split(" ")[0] ?? "")
        .filter((id) => id !== ""),
    cancel: (job) => ask("condor_rm", job),
    requeue: (job) => ask("condor_vacate_job", job),
    hold: (job) => ask("condor_hold", job),
    release: (job) => ask("condor_release", job),
    cancelAll: () => ask("condor_rm", "-all"),
    ...{ controller: "schedd", runners: ["startd-e1", "startd-e2"], nodes: ["node-e1", "node-e2"] },
    resume: () => Promise.resolve(),
  }, ["--mode", mode]);
}
