import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chmod, mkdtemp, readdir, readlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binary, type Ran, requestArgs, type RunOptions, start, type Started } from "./farm.ts";
import { hostFolder } from "../../core/ssh/host_folder.ts";
import { useCopies } from "./program_copies.ts";
import { readManifest } from "./run_dir.ts";
import type { Where } from "./farm.ts";
import { inFolder, killQuietly, until } from "./scratch.ts";
import { type StandIn, standIn } from "./stand_in.ts";
import { asUser, giveAway, homeOf, output, USER, whyNoCluster } from "./slurm_cluster.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/cluster/", import.meta.url));

/** Real hosts w1, w2, w3, each with its own sshd, name, boot id and disk. */
export interface SshHosts {
  dir: string;
  /** What the user's machine sees and the hosts do not: programs and runs lie there. */
  site: string;
  /** What all of them see: stand-ins of nextstat, and what these leave. */
  open: string;
  config: string;
  /** Does something to a host's sshd and its sessions (sshd-w1), or to all that runs there (node-w1). */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Runs a command on a host as the ordinary user; what it printed. */
  on(host: string, command: string): Promise<string>;
  /** Runs a program in a host's namespaces as root. */
  asRoot(host: string, ...argv: string[]): Promise<string>;
  /** Command lines of what runs on a host, but for its sshd. */
  processes(host: string): Promise<string[]>;
  /** Those of them that are of shards; what answered for the host may end a moment later. */
  fits(host: string): Promise<string[]>;
  /** The same with their numbers and users. */
  pids(host: string): Promise<HostProcess[]>;
  down(): void;
}

/** Brings hosts up; they go down when `down` is called, or some seconds after this process is gone. */
export async function bringUp(hosts: number, shared: boolean): Promise<SshHosts> {
  const base = await mkdtemp(join(tmpdir(), "nsfarm-sshd-"));
  await chmod(base, 0o755);
  const [dir, site, open] = [join(base, "hosts"), join(base, "site"), join(base, "open")] as const;
  for (const folder of [site, open]) mkdirSync(folder);
  guard(base);
  await output([join(SCRIPTS, "ssh_up"), dir, `${hosts}`, ...(shared ? [] : ["--no-shared", site])], {});
  const names = Array.from({ length: hosts }, (_, i) => `w${i + 1}`);
  for (const name of names) await giveBootId(dir, name);
  useCopies(join(site, "programs"), { nextstatTo: open });
  for (const folder of [site, open]) await giveAway(folder);
  const config = join(dir, "ssh_config");
  const inside = (host: string) => [
    "nsenter",
    `--uts=${join(dir, "ns", `${host}.uts`)}`,
    `--mount=${join(dir, "ns", `${host}.mnt`)}`,
    "--",
  ];
  return {
    dir,
    site,
    open,
    config,
    daemon: (what, name) => output([join(SCRIPTS, "ssh_daemon"), dir, what, name], {}).then(() => {}),
    on: (host, command) => output(asUser("ssh", "-F", config, "-n", host, command), HOME),
    asRoot: (host, ...argv) => output([...inside(host), ...argv], {}),
    processes: (host) => processesOn(join(dir, "ns", `${host}.uts`)),
    fits: async (host) =>
      (await processesOn(join(dir, "ns", `${host}.uts`))).filter((one) =>
        /job_wrapper|stand-in|^sleep [1-9]/.test(one)
      ),
    pids: (host) => pidsOn(join(dir, "ns", `${host}.uts`)),
    down: () => {
      new Deno.Command(join(SCRIPTS, "ssh_down"), { args: [dir, "--purge"], stdout: "null" }).outputSync();
      Deno.removeSync(base, { recursive: true });
    },
  };
}

const HOME = homeOf(USER);

/** Takes the hosts down should this process be killed. */
function guard(base: string): void {
  const watch =
    'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2" ] || "$3" "$2/hosts" --purge; rm -rf "$2"';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, base, join(SCRIPTS, "ssh_down")];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

async function giveBootId(dir: string, host: string): Promise<void> {
  const file = join(dir, `${host}.boot_id`);
  await writeFile(file, `${crypto.randomUUID()}\n`);
  const mount = ["mount", "--bind", file, "/proc/sys/kernel/random/boot_id"];
  await output(["nsenter", `--mount=${join(dir, "ns", `${host}.mnt`)}`, "--", ...mount], {});
}

async function processesOn(uts: string): Promise<string[]> {
  return (await pidsOn(uts)).map(({ command }) => command);
}

/** A process on a host. */
/**
 * What a run has sent to a host and is still there. A home is shared by hosts, and with it what lies in it of runs of
 * other tests.
 * @param dir of the run
 */
export async function sentFiles(hosts: SshHosts, host: string, dir: string): Promise<string[]> {
  const run = hostFolder(await readManifest(dir), host).split("/")[0];
  const names = await hosts.asRoot(host, "sh", "-c", "ls -A /home/farmer/nsfarm_runs 2>/dev/null || true");
  return names.split("\n").filter((name) => name === run).map((name) => `${host}: nsfarm_runs/${name}`);
}

export interface HostProcess {
  pid: number;
  /** Its user's number. */
  uid: number;
  command: string;
}

/** What runs under a host's name is on that host: all of them share one table of processes. */
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

/** What a test on real hosts works with: a folder of its own that the ordinary user owns. */
export interface SshFarm {
  folder: string;
  hosts: SshHosts;
  /** A hosts file of these lines. */
  hostsFile(...lines: string[]): Promise<string>;
  /** A stand-in of nextstat that is seen, with its log, by all hosts. */
  standIn(behaviour: string, version?: string): Promise<StandIn>;
  /** The words of `run` over these hosts, one thread a shard. */
  run(hosts: string, options: RunOptions): string[];
  /** Starts nsfarm-deno as the ordinary user. */
  start(args: string[], where?: Where): Started;
  /** Runs it to its end, and fails with what was printed unless the exit code is the wanted one. */
  must(args: string[], code?: number, where?: Where): Promise<Ran>;
}

export type SshTest = (name: string, work: (farm: SshFarm) => Promise<void>) => void;

/** Tests of one file that share hosts: the first brings them up, and they go down when the file has ended. */
export function sshFile({ hosts = 3, shared = false } = {}): SshTest {
  let coming: Promise<SshHosts> | undefined;
  let up: SshHosts | undefined;
  addEventListener("unload", () => up?.down());
  return (name, work) => {
    if (whyNoCluster !== "") {
      Deno.test({ name: `${name} (left out: ${whyNoCluster})`, ignore: true, fn: () => {} });
      return;
    }
    Deno.test(name, async () => {
      const found = up = await (coming ??= bringUp(hosts, shared));
      const names = Array.from({ length: hosts }, (_, i) => `w${i + 1}`);
      await inFolder(async (folder) => {
        await giveAway(folder);
        try {
          await work(sshFarm(found, folder));
          await until("nothing runs on the hosts", async () => {
            return (await Promise.all(names.map(found.processes))).flat().length === 0;
          }).catch(async (error) => {
            assert.fail(`${error}: ${(await Promise.all(names.map(found.processes))).flat().join("; ")}`);
          });
        } finally {
          for (const host of names) {
            await found.daemon("start", `sshd-${host}`);
            for (const { pid } of await pidsOn(join(found.dir, "ns", `${host}.uts`))) killQuietly(pid);
          }
        }
      }, join(found.site, "nsfarm ssh "));
    });
  };
}

/** What a test on these hosts works with, in a folder that the ordinary user owns. */
export function sshFarm(hosts: SshHosts, folder: string): SshFarm {
  const begin = (args: string[], where: Where = {}) => {
    const [program = "", ...words] = asUser(binary(), ...args);
    return start(folder, words, { ...where, program, env: { ...HOME, ...where.env } });
  };
  return {
    folder,
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
    start: begin,
    must: async (args, code = 0, where = {}) => {
      const ran = await begin(args, where).ended;
      assert.equal(ran.code, code, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
      return ran;
    },
  };
}
