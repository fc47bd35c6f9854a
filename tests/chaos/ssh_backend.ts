import { chmod } from "node:fs/promises";
import { giveAway } from "../clusters/as_user.ts";
import { bringUpSsh, sentFiles, sshFarm, type SshHosts } from "../clusters/ssh_hosts.ts";
import { runDir } from "../support/farm.ts";
import { leftovers } from "../support/scratch.ts";
import { type Backend, BEHAVIOUR, type Faults, fillDisk, Later, oneOf, taskOf, within } from "./parts.ts";
import { chaosRound } from "./round.ts";
import type { Round } from "./schedule.ts";
import { type SmallDisk, smallDisk } from "./small_disk.ts";

const NAMES = ["w1", "w2", "w3"];

/** Returns three hosts behind ssh. @param shared whether they see the run directory */
export async function sshBackend(shared: boolean): Promise<Backend> {
  // A host sees only mounts made before it.
  const before = shared ? await smallDisk() : undefined;
  const hosts = await bringUpSsh(NAMES.length, shared);
  const disk = before ?? await smallDisk();
  const close = () => {
    disk.close();
    hosts.down();
  };
  return { round: (seed) => sshRound(hosts, disk, seed), close };
}

async function sshRound(hosts: SshHosts, disk: SmallDisk, seed: number): Promise<Round> {
  return await within(async (folder) => {
    await giveAway(folder);
    const farm = sshFarm(hosts, folder);
    const fake = await farm.standIn(BEHAVIOUR);
    const more = ["--host-retry-s", "0.5", "--host-lost-s", "30"];
    const { options, assertResult } = await taskOf(seed, folder, fake.path, more);
    const later = new Later();
    const startAll = async () => {
      for (const name of NAMES) await hosts.daemon("start", `sshd-${name}`);
    };
    const killAll = async () => {
      for (const name of NAMES) await hosts.daemon("kill", `node-${name}`);
    };
    const onAll = async (look: (host: string) => Promise<string[]>) => (await Promise.all(NAMES.map(look))).flat();
    await chmod(folder, 0o755);
    try {
      return await chaosRound(seed, {
        folder,
        command: farm.run(await farm.hostsFile(...NAMES), options),
        ...{ assertResult, max_command_s: 240, span_ms: 5000, later },
        start: (args) => farm.start(args, { most_s: 600 }),
        fits: fake.log,
        faults: { ...fillDisk(fake.mark), ...disk.faults(later), ...hostFaults(hosts, later) },
        killAll: async () => {
          await killAll();
          later.after(300, startAll);
        },
        heal: startAll,
        leftovers: async () => [
          ...await leftovers(folder),
          ...await onAll(hosts.processes),
          ...await onAll((host) => sentFiles(hosts, host, runDir(folder))),
        ],
      });
    } finally {
      await later.settled();
      await killAll();
      await startAll();
    }
  }, `${disk.path}/nsfarm chaos `);
}

function hostFaults(hosts: SshHosts, later: Later): Faults {
  const onHost = async (dice: number, what: "kill" | "stop", where: string, ms: number) => {
    const name = oneOf(dice, NAMES) ?? "";
    // An earlier fault may have killed it already.
    const isHit = await hosts.daemon(what, `${where}-${name}`).then(() => true, () => false);
    if (what === "stop") later.after(ms, () => hosts.daemon("cont", `${where}-${name}`));
    later.after(ms, () => hosts.daemon("start", `sshd-${name}`));
    return isHit;
  };
  return {
    "drop the connections of a host": (dice) => onHost(dice, "kill", "sshd", 300 + 1500 * dice),
    "silence the connections of a host": (dice) => onHost(dice, "stop", "sshd", 1000 + 5000 * dice),
    "kill all on a host": (dice) => onHost(dice, "kill", "node", 300),
  };
}
