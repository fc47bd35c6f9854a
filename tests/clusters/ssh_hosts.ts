import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { mkdtemp, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostFolder } from "../../core/ssh/host_facts.ts";
import { requestArgs, type RunOptions } from "../support/farm.ts";
import { useCopies } from "../support/program_copies.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder, killQuietly, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";
import { asUser, giveAway, homeOf, output, USER } from "./as_user.ts";
import { bringUp, type Cluster, sharedTests } from "./cluster.ts";
import { type UserFarm, userFarm } from "./user_farm.ts";

/** Real hosts w1, w2, w3, each with its own sshd, name, boot id and disk. */
export interface SshHosts extends Cluster {
  /** Folder of programs and runs, which the user's machine sees and the hosts do not. */
  site: string;
  /** Folder that all machines see, for replacements of nextstat and their files. */
  open: string;
  config: string;
  /** Runs a command on a host as the ordinary user and returns its output. */
  on(host: string, command: string): Promise<string>;
  /** Returns the command lines of a host's processes, except those of its sshd. */
  processes(host: string): Promise<string[]>;
  /** Returns the command lines of a host's fits; the agent's process may end a moment later. */
  fits(host: string): Promise<string[]>;
  /** Returns a host's processes with their numbers and users. */
  pids(host: string): Promise<HostProcess[]>;
}

/** Starts hosts. From then on tests use copies of programs and specs that the ordinary user can read. */
export async function bringUpSsh(hosts: number, shared: boolean): Promise<SshHosts> {
  const beside = (base: string) => [join(base, "site"), join(base, "open")] as const;
  const { base, ...cluster } = await bringUp({
    kind: "ssh",
    nodes: namesOf(hosts),
    words: (base) => {
      for (const folder of beside(base)) mkdirSync(folder);
      return [`${hosts}`, ...(shared ? [] : ["--no-shared", beside(base)[0]])];
    },
  });
  const [site, open] = beside(base);
  useCopies(join(site, "programs"), { nextstatTo: open });
  for (const folder of [site, open]) await giveAway(folder);
  const config = join(cluster.dir, "ssh_config");
  const pids = (host: string) => pidsOn(join(cluster.dir, "ns", `${host}.uts`));
  const processes = async (host: string) => (await pids(host)).map(({ command }) => command);
  return {
    ...cluster,
    site,
    open,
    config,
    on: (host, command) => output(asUser("ssh", "-F", config, "-n", host, command), HOME),
    pids,
    processes,
    fits: async (host) => (await processes(host)).filter((one) => /job_wrapper|stand-in|^sleep [1-9]/.test(one)),
  };
}

const namesOf = (hosts: number) => Array.from({ length: hosts }, (_, i) => `w${i + 1}`);

const HOME = homeOf(USER);

/**
 * Returns the files of a run that are still on a host. Hosts share the home directory, and with it files of other
 * tests' runs.
 * @param dir of the run
 */
export async function sentFiles(hosts: SshHosts, host: string, dir: string): Promise<string[]> {
  const run = hostFolder(await readManifest(dir), host).split("/")[0];
  const names = await hosts.onNode(host, "sh", "-c", "ls -A /home/farmer/nsfarm_runs 2>/dev/null || true");
  return names.split("\n").filter((name) => name === run).map((name) => `${host}: nsfarm_runs/${name}`);
}

/** A process on a host. */
export interface HostProcess {
  pid: number;
  /** User id. */
  uid: number;
  command: string;
}

/** Returns the processes under a host's name; all hosts share one process table. */
async function pidsOn(uts: string): Promise<HostProcess[]> {
  const wanted = `uts:[${(await Deno.stat(uts)).ino}]`;
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => {
    const name = await readlink(`/proc/${pid}/ns/uts`).catch(() => "");
    const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    const uid = await Deno.stat(`/proc/${pid}`).then(({ uid }) => uid ?? -1, () => -1);
    return name === wanted && command !== "" && !/^(\/usr\/sbin\/)?sshd|sshd-session|sshd-auth/.test(command)
      ? [{ pid: Number(pid), uid, command: command.replaceAll("\0", " ").trim() }]
      : [];
  }));
  return found.flat();
}

/** Tools of a test on real hosts: a folder that the ordinary user owns. */
export interface SshFarm extends Omit<UserFarm, "render"> {
  hosts: SshHosts;
  /** Writes a hosts file with these lines. */
  hostsFile(...lines: string[]): Promise<string>;
  /** Writes a replacement of nextstat that all hosts see, with its log. */
  standIn(behaviour: string, version?: string): Promise<StandIn>;
  /** Returns the words of `run` over these hosts, with one thread per shard. */
  run(hosts: string, options: RunOptions): string[];
}

type SshTest = (name: string, work: (farm: SshFarm) => Promise<void>) => void;

/** Declares tests of one file that share hosts. */
export function sshFile({ hosts = 3, shared = false } = {}): SshTest {
  const declare = sharedTests(() => bringUpSsh(hosts, shared));
  const names = namesOf(hosts);
  return (name, work) =>
    declare(name, (found) =>
      inFolder(async (folder) => {
        await giveAway(folder);
        const running = async () => (await Promise.all(names.map(found.processes))).flat();
        try {
          await work(sshFarm(found, folder));
          await until("nothing runs on the hosts", async () => (await running()).length === 0)
            .catch(async (error) => assert.fail(`${error}: ${(await running()).join("; ")}`));
        } finally {
          for (const host of names) {
            await found.daemon("start", `sshd-${host}`);
            for (const { pid } of await found.pids(host)) killQuietly(pid);
          }
        }
      }, join(found.site, "nsfarm ssh ")));
}

/** Returns the tools of a test on these hosts, in a folder that the ordinary user owns. */
export function sshFarm(hosts: SshHosts, folder: string): SshFarm {
  return {
    ...userFarm("ssh", folder, HOME),
    hosts,
    hostsFile: async (...lines) => {
      const path = join(folder, "hosts");
      await writeFile(path, `${lines.join("\n")}\n`);
      return path;
    },
    standIn: async (behaviour, version) => {
      const place = await mkdtemp(join(hosts.open, "stand-in-"));
      const fake = await standIn(place, behaviour, version);
      await giveAway(place);
      return fake;
    },
    run: (file, options) => [
      ...["run", "--scheduler", "ssh", "--hosts-file", file, "--ssh-config", hosts.config],
      ...requestArgs(folder, options),
    ],
  };
}
