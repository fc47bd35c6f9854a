import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { giveAway } from "../clusters/as_user.ts";
import { bringUpSlurm } from "../clusters/slurm_cluster.ts";
import { standIn } from "../support/stand_in.ts";
import type { Backend } from "./parts.ts";
import { schedulerBackend } from "./scheduler_backend.ts";
import { smallDisk } from "./small_disk.ts";

/** Returns a real Slurm with two nodes. @param more options of the run, such as --pilots */
export async function slurmBackend(more: string[]): Promise<Backend> {
  // A node sees only mounts made before it.
  const disk = await smallDisk();
  const cluster = await bringUpSlurm(["--min-job-age", "60", "--slurmd-timeout", "10"]);
  const { ask, asRoot } = cluster;
  return schedulerBackend({
    ...{ scheduler: "slurm", env: cluster.env, disk, daemon: cluster.daemon, down: cluster.down },
    standIn: (behaviour) => openStandIn(cluster.dir, behaviour),
    jobs: async () =>
      (await ask("squeue", "--me", "--noheader", "--array", "--format=%i")).split("\n").filter((id) => id !== ""),
    cancel: (job) => ask("scancel", job),
    requeue: (job) => ask("scontrol", "requeue", job),
    hold: (job) => ask("scontrol", "hold", job),
    release: (job) => ask("scontrol", "release", job),
    cancelAll: () => ask("scancel", "--me"),
    ...{ controller: "slurmctld", runners: ["slurmd-n1", "slurmd-n2"], nodes: ["node-n1", "node-n2"] },
    // A job that a node knows and slurmctld does not drains the node.
    resume: () =>
      Promise.allSettled(["n1", "n2"].map((node) => asRoot("scontrol", "update", `nodename=${node}`, "state=resume"))),
  }, more);
}

/** Writes a replacement of nextstat, with its log, in a folder that every machine sees. */
export async function openStandIn(dir: string, behaviour: string) {
  const place = await Deno.makeTempDir({ dir, prefix: "stand-in-" });
  const fake = await standIn(place, behaviour);
  await giveAway(place);
  await chmod(join(place, "fits.log"), 0o666);
  return fake;
}
