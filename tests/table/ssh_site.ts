import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asNamed, giveAway, homeOf, USER } from "../clusters/as_user.ts";
import { bringUpSsh, type HostProcess, type SshHosts } from "../clusters/ssh_hosts.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { killQuietly } from "../support/scratch.ts";
import { type Column, type Columns, sharedFit, type TestSite } from "./site.ts";

const HOSTS = ["w1", "w2"];

const FINISH = {
  why: "hosts have no jobs that wait for others",
  code: 2,
  answer: /Cannot use --finish with ssh: it has no jobs that wait for others/,
};

const column = (name: string): Column => ({ name, words: [], usual: "all", without: { finish: FINISH } });

/** Two hosts, which see the run directories or not. The other user is root, who reads the key of the first one too. */
async function sshSite(shared: boolean): Promise<TestSite> {
  const hosts = await bringUpSsh(HOSTS.length, shared);
  return {
    prefix: () => join(hosts.site, "run "),
    farm: async (folder, { words }, whose) => {
      const user = whose === "mine" ? USER : "root";
      await giveAway(folder, user);
      const file = join(folder, "hosts");
      await writeFile(file, `${HOSTS.join("\n")}\n`);
      const own = whose === "mine" ? [] : ["--remote-base-dir", join(await openFolder(hosts), "base")];
      const env = { ...homeOf(user), HOME: user === "root" ? "/root" : homeOf(user).HOME };
      return {
        ...userFarm("ssh", folder, env, (...argv) => asNamed(user, ...argv)),
        words: ["--scheduler", "ssh", "--hosts-file", file, "--ssh-config", hosts.config, ...own, ...words],
        fit: async (behaviour) => {
          const place = await openFolder(hosts);
          const fit = await sharedFit(place, behaviour);
          await giveAway(place, user);
          return fit;
        },
      };
    },
    queued: async () => (await mineOn(hosts)).map(({ command }) => command),
    clear: async () => {
      for (const { pid } of await mineOn(hosts)) killQuietly(pid);
    },
    close: hosts.down,
  };
}

/** A folder that all hosts see. */
async function openFolder(hosts: SshHosts): Promise<string> {
  const place = await mkdtemp(join(hosts.open, "place-"));
  await chmod(place, 0o755);
  return place;
}

/** What runs on the hosts as the user whom the table is about. */
async function mineOn(hosts: SshHosts): Promise<HostProcess[]> {
  const { uid } = await Deno.stat(homeOf(USER).HOME);
  return (await Promise.all(HOSTS.map(hosts.pids))).flat().filter((one) => one.uid === uid);
}

export const ON_SSH: Columns = {
  of: "ssh",
  columns: [column("ssh"), { ...column("ssh, 2 starts"), starts: 2 }],
  open: () => sshSite(true),
  isCluster: true,
};

export const ON_SSH_TRANSFER: Columns = {
  of: "ssh with transfer",
  columns: [
    column("ssh with transfer"),
    { ...column("ssh with transfer, 2 starts"), starts: 2, usual: ["retry", "split", "look"] },
  ],
  open: () => sshSite(false),
  isCluster: true,
};
