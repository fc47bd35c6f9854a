import { bringUpGridEngine } from "../clusters/gridengine_cluster.ts";
import type { Backend } from "./parts.ts";
import { schedulerBackend } from "./scheduler_backend.ts";
import { openStandIn } from "./slurm_backend.ts";
import { smallDisk } from "./small_disk.ts";

/** Returns a real Grid Engine with one node and the plugin beside the binary. */
export async function gridEngineBackend(): Promise<Backend> {
  const disk = await smallDisk();
  const cluster = await bringUpGridEngine();
  const { ask, asRoot } = cluster;
  return schedulerBackend({
    ...{ scheduler: "gridengine", env: cluster.env, disk, daemon: cluster.daemon, down: cluster.down },
    standIn: (behaviour) => openStandIn(cluster.dir, behaviour),
    jobs: async () => rowsIn(await ask("qstat")).map(({ id }) => id),
    cancel: (job) => ask("qdel", job),
    // Its jobs are marked as not rerunnable: a site's manager can force a rerun.
    requeue: (job) => asRoot("qmod", "-f", "-rj", job),
    hold: (job) => ask("qhold", job),
    release: (job) => ask("qrls", job),
    cancelAll: async () => await ask("qdel", "-u", "farmer"),
    ...{ controller: "qmaster", runners: ["execd"], nodes: ["node"] },
    // The qmaster waits 5 minutes for a job that was being sent to an execd that died.
    resume: async () => {
      const stuck = rowsIn(await ask("qstat")).filter(({ state }) => state === "t");
      // A job may have ended meanwhile.
      await Promise.allSettled(stuck.map(({ id }) => asRoot("qdel", "-f", id)));
    },
  });
}

/**
 * Reads the table of qstat(1): a running task has its number in the last of ten columns, waiting tasks share a line.
 */
function rowsIn(table: string): { id: string; state: string }[] {
  const lines = table.split("\n").slice(2).filter((line) => line !== "");
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const [id = "", state = "", task] = [words[0], words[4], words[9]];
    return { id: task === undefined ? id : `${id}.${task}`, state };
  });
}
