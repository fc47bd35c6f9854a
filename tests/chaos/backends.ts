import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { runArgs, start } from "../support/farm.ts";
import { leftovers, pause, processesOf } from "../support/scratch.ts";
import { bringUp, type SshHosts } from "../support/ssh_hosts.ts";
import { sshFarm } from "../support/ssh_hosts.ts";
import { standIn } from "../support/stand_in.ts";
import { giveAway } from "../support/slurm_cluster.ts";
import { condorBackend } from "./condor_backend.ts";
import { gridEngineBackend } from "./gridengine_backend.ts";
import { type Backend, BEHAVIOUR, fillDisk, kill, SHARDS, TOYS, within } from "./parts.ts";
import { type ChaosFarm, chaosRound, type Round } from "./round.ts";
import { slurmBackend } from "./slurm_backend.ts";

/** The backends by the names that `./dev chaos --backend` takes. */
export const BACKENDS: Record<string, () => Promise<Backend>> = {
  local: () => Promise.resolve({ round: localRound, close: () => {} }),
  ssh: () => sshBackend(false),
  "ssh-shared": () => sshBackend(true),
  slurm: () => slurmBackend([]),
  "slurm-pilots": () => slurmBackend(["--pilots", "3", "--heartbeat-s", "1"]),
  htcondor: () => condorBackend("shared"),
  "htcondor-transfer": () => condorBackend("transfer"),
  gridengine: gridEngineBackend,
};

async function localRound(seed: number): Promise<Round> {
  return await within(async (folder) => {
    const fake = await standIn(folder, BEHAVIOUR);
    const more = ["--local-slots", "3"];
    const farm: ChaosFarm = {
      folder,
      command: runArgs(folder, { toys: TOYS, shards: SHARDS, nextstat: fake.path, more }),
      ...{ toys: TOYS, shards: SHARDS },
      start: (args) => start(folder, args, { most_s: 600 }),
      fits: fake.log,
      faults: {
        ...fillDisk(fake.mark),
        "kill all processes": async () => {
          for (const { pid } of await processesOf(folder)) kill(pid);
        },
      },
      heal: async () => {
        for (const { pid } of await processesOf(folder)) kill(pid, "SIGCONT");
      },
      leftovers: () => leftovers(folder),
    };
    return await chaosRound(seed, farm);
  });
}

async function sshBackend(shared: boolean): Promise<Backend> {
  const hosts = await bringUp(3, shared);
  return { round: (seed) => sshRound(hosts, seed), close: hosts.down };
}

const NAMES = ["w1", "w2", "w3"];

async function sshRound(hosts: SshHosts, seed: number): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const farm = sshFarm(hosts, folder);
    const fake = await farm.standIn(BEHAVIOUR);
    const more = ["--host-retry-s", "0.5", "--host-lost-s", "30"];
    const options = { toys: TOYS, shards: SHARDS, nextstat: fake.path, more };
    const onHost = (dice: number) => NAMES[Math.floor(dice * NAMES.length)] ?? "w1";
    const later: Promise<void>[] = [];
    const back = (name: string, ms: number) => later.push(pause(ms).then(() => hosts.daemon("start", name)));
    const chaos: ChaosFarm = {
      folder,
      command: farm.run(await farm.hostsFile(...NAMES), options),
      ...{ toys: TOYS, shards: SHARDS },
      start: (args) => farm.start(args, { most_s: 600 }),
      fits: fake.log,
      faults: {
        ...fillDisk(fake.mark),
        "drop the connections of a host": async (dice) => {
          // An earlier fault may have killed it already.
          await hosts.daemon("kill", `sshd-${onHost(dice)}`).catch(() => {});
          back(`sshd-${onHost(dice)}`, 300 + 1500 * dice);
        },
        "kill all on a host": async (dice) => {
          await hosts.daemon("kill", `node-${onHost(dice)}`);
          back(`sshd-${onHost(dice)}`, 300);
        },
        "kill the wrapper of a fit": async (dice) => {
          const alive = (await fake.log()).filter(({ what }) => what === "start");
          const pid = alive[Math.floor(dice * alive.length)]?.pid;
          const parent = pid === undefined ? 0 : parentOf(pid);
          if (parent > 1) kill(parent);
        },
      },
      heal: async () => {
        await Promise.all(later);
        for (const name of NAMES) await hosts.daemon("start", `sshd-${name}`);
      },
      leftovers: async () => [
        ...await leftovers(folder),
        ...(await Promise.all(NAMES.map(hosts.processes))).flat(),
      ],
    };
    await chmod(folder, 0o755);
    try {
      return await chaosRound(seed, chaos);
    } finally {
      await chaos.heal();
      for (const name of NAMES) await hosts.daemon("kill", `node-${name}`);
      for (const name of NAMES) await hosts.daemon("start", `sshd-${name}`);
    }
  }, join(hosts.site, "nsfarm chaos "));
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+) /.exec(Deno.readTextFileSync(`/proc/${pid}/stat`))?.[1]);
  } catch {
    return 0;
  }
}
