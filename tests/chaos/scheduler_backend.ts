/** What chaos on the schedulers has in common: the faults of their jobs, daemons and nodes, and one round. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { giveAway } from "../clusters/as_user.ts";
import { openFit } from "../clusters/condor_farm.ts";
import { bringUpCondor } from "../clusters/condor_pool.ts";
import { bringUpGridEngine } from "../clusters/gridengine_cluster.ts";
import { bringUpSlurm } from "../clusters/slurm_cluster.ts";
import { type UserFarm, userFarm } from "../clusters/user_farm.ts";
import { requestArgs, runDir } from "../support/farm.ts";
import { leftovers, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";
import { type Backend, BEHAVIOUR, type Faults, fillDisk, Later, oneOf, taskOf, within } from "./parts.ts";
import { chaosRound } from "./round.ts";
import type { Round } from "./schedule.ts";
import { type SmallDisk, smallDisk } from "./small_disk.ts";

type Act = (job: string) => Promise<unknown>;

/** A running scheduler. An action on a job fails if the job has ended meanwhile. */
interface Site {
  scheduler: string;
  env: Record<string, string>;
  /** Disk of the run directories. */
  disk: SmallDisk;
  /** Writes a replacement of nextstat that all nodes see. */
  standIn(behaviour: string, folder: string): Promise<Pick<StandIn, "path" | "log" | "mark">>;
  /** Returns the ids of the jobs in the queue, for arrays those of the tasks. */
  jobs(): Promise<string[]>;
  cancel: Act;
  requeue: Act;
  hold: Act;
  release: Act;
  cancelAll(): Promise<unknown>;
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Names of daemons: the controller, those on the nodes, and all processes of a node. */
  controller: string;
  runners: readonly string[];
  nodes: readonly string[];
  /** Does what a site does with nodes that come back. */
  resume(): Promise<unknown>;
  down(): void;
}

/** Returns a backend of a scheduler. @param more options of the run, such as --pilots */
function schedulerBackend(site: Site, more: string[] = []): Backend {
  const close = () => {
    // It may be mounted below the cluster's folder.
    site.disk.close();
    site.down();
  };
  return { round: (seed) => schedulerRound(site, seed, more), close };
}

async function schedulerRound(site: Site, seed: number, more: string[]): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const fake = await site.standIn(BEHAVIOUR, folder);
    const farm = userFarm(site.scheduler, folder, site.env);
    const { options, assertResult } = await taskOf(seed, folder, fake.path, more);
    const later = new Later();
    const heal = async () => {
      for (const name of [site.controller, ...site.runners]) await site.daemon("start", name);
      await site.resume();
    };
    // A site brings nodes back for as long as any is down: a controller that was away marks them down later, too.
    const care = setInterval(() => site.resume().catch(() => {}), 20_000);
    try {
      return await chaosRound(seed, {
        folder,
        command: ["run", "--scheduler", site.scheduler, ...requestArgs(folder, options)],
        ...{ assertResult, max_command_s: 900, span_ms: 12_000, later, heal },
        start: (args) => farm.start(args, { most_s: 1000 }),
        fits: fake.log,
        faults: {
          ...fillDisk(fake.mark),
          ...site.disk.faults(later),
          ...jobFaults(site, later),
          ...daemonFaults(site, later),
          ...(more.includes("--pilots") ? pilotChanges(farm, folder) : {}),
        },
        killAll: async () => {
          for (const name of [site.controller, ...site.nodes]) await site.daemon("kill", name).catch(() => {});
          later.after(500, heal);
        },
        leftovers: async () => [...await leftovers(folder), ...(await site.jobs()).map((id) => `job ${id}`)],
      });
    } finally {
      clearInterval(care);
      await later.settled();
      await heal();
      await site.cancelAll().catch(() => {});
      await until("the queue is empty", async () => (await site.jobs()).length === 0);
    }
  }, `${site.disk.path}/nsfarm chaos `);
}

/** Adds a pilot or takes one away; a run that is paused or not rendered yet refuses. */
function pilotChanges(farm: Pick<UserFarm, "start">, folder: string): Faults {
  const change = async (by: string) => (await farm.start(["pilots", runDir(folder), by]).ended).code === 0;
  return { "add a pilot": () => change("+1"), "take a pilot": () => change("-1") };
}

/** Repeats an action on a job until its scheduler, which may be down, takes it or has the job no more. */
async function untilTaken(site: Site, act: Act, job: string): Promise<void> {
  await until(`job ${job} is as before`, async () => {
    const isTaken = await act(job).then(() => true, () => false);
    return isTaken || !(await site.jobs().catch(() => [job])).includes(job);
  });
}

function jobFaults(site: Site, later: Later): Faults {
  const toJob = async (dice: number, act: Act, undo?: Act) => {
    const job = oneOf(dice, await site.jobs().catch(() => []));
    if (job === undefined) return false;
    if (undo) later.after(3000, () => untilTaken(site, undo, job));
    return await act(job).then(() => true, () => false);
  };
  return {
    "cancel a job": (dice) => toJob(dice, site.cancel),
    "cancel all jobs": async () => {
      const isHit = (await site.jobs().catch(() => [])).length > 0;
      return isHit && await site.cancelAll().then(() => true, () => false);
    },
    "requeue a job": (dice) => toJob(dice, site.requeue),
    "hold a job": (dice) => toJob(dice, site.hold, site.release),
  };
}

function daemonFaults(site: Site, later: Later): Faults {
  const down = async (name: string, ms: number, start = name) => {
    later.after(ms, () => site.daemon("start", start));
    return await site.daemon("kill", name).then(() => true, () => false);
  };
  const index = (dice: number) => Math.floor(dice * site.nodes.length);
  return {
    "kill the scheduler": (dice) => down(site.controller, 500 + 3000 * dice),
    "stop the scheduler": async (dice) => {
      later.after(500 + 8000 * dice, () => site.daemon("cont", site.controller));
      return await site.daemon("stop", site.controller).then(() => true, () => false);
    },
    "kill a node": (dice) => down(site.nodes[index(dice)] ?? "", 500 + 2000 * dice, site.runners[index(dice)]),
    "kill the daemon of a node": (dice) => down(site.runners[index(dice)] ?? "", 500 + 2000 * dice),
  };
}

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
async function openStandIn(dir: string, behaviour: string) {
  const place = await Deno.makeTempDir({ dir, prefix: "stand-in-" });
  const fake = await standIn(place, behaviour);
  await giveAway(place);
  await chmod(join(place, "fits.log"), 0o666);
  return fake;
}

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
