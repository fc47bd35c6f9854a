import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { whyNoCluster } from "../clusters/cluster.ts";
import { binary, type Ran, start, type Started } from "./farm.ts";
import { must } from "./mounts.ts";
import { whyNotInstalled } from "./packages.ts";
import { endProcesses, processesOf, until } from "./scratch.ts";

/** Longer than any test takes: whoever waits until a client forgets what it has in mind is not done in time. */
const CACHED_S = 600;

/** Why there can be no clients of one file server here; empty where there can. */
export const whyNoClients: string = (() => {
  if (whyNoCluster !== "") return whyNoCluster;
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
  } catch {
    return "/dev/fuse cannot be opened here";
  }
  return whyNotInstalled("bindfs");
})();

/** A machine of its own name and start, with a client's cache of its own of the folder that all of them see. */
export interface Client {
  start(args: string[]): Started;
  /** Runs the program to its end, and fails with what was printed unless the exit code is the wanted one. */
  must(args: string[], code?: number): Promise<Ran>;
}

/**
 * Runs a test on two clients of one file server. Each keeps in mind for minutes which names are there, which are not, and
 * what they name, as NFS's do for a minute at most.
 * @param work gets the folder as both see it, and as it is on the server
 */
export async function onTwoClients(
  folder: string,
  work: (clients: [Client, Client], shared: string, server: string) => Promise<void>,
): Promise<void> {
  const [shared, server] = [join(folder, "shared"), join(folder, "server")];
  for (const one of [shared, server]) await mkdir(one);
  const mounts: string[] = [];
  try {
    for (const name of ["n1", "n2"]) mounts.push(await mountClient(server, join(folder, `mount-${name}`)));
    const [a, b] = await Promise.all(["n1", "n2"].map((name) => clientOf(folder, name, shared)));
    if (a && b) await work([a, b], shared, server);
  } catch (error) {
    // What still runs would keep the mounts, and that would be told in place of what went wrong.
    await endProcesses(folder);
    throw error;
  } finally {
    for (const mount of mounts) {
      await must("umount", [mount]).catch(() => must("umount", ["-l", mount]));
      // A host that another test has made meanwhile keeps a copy of the mount, until the folder that is mounted on is gone.
      await rmdir(mount);
    }
    await until(
      "bindfs has ended",
      async () => !(await processesOf(server)).some(({ command }) => /bindfs/.test(command)),
    );
  }
}

async function mountClient(server: string, mount: string): Promise<string> {
  await mkdir(mount);
  const times = ["entry", "negative", "attr"].map((what) => `${what}_timeout=${CACHED_S}`);
  await must("bindfs", ["-o", [...times, "use_ino"].join(","), server, mount]);
  return mount;
}

const ENTER = `hostname "$1" && mount --bind "$2" /proc/sys/kernel/random/boot_id && mount --bind "$3" "$4" || exit 99
shift 4
exec "$@"`;

async function clientOf(folder: string, name: string, shared: string): Promise<Client> {
  const boot_id = join(folder, `${name}.boot_id`);
  await writeFile(boot_id, `${crypto.randomUUID()}\n`);
  const inside = ["--uts", "--mount", "--propagation", "slave", "sh", "-c", ENTER, "sh"];
  const begin = (args: string[]) => {
    const words = [...inside, name, boot_id, join(folder, `mount-${name}`), shared, binary(), ...args];
    return start(folder, words, { program: "unshare" });
  };
  return {
    start: begin,
    must: async (args, code = 0) => {
      const ran = await begin(args).ended;
      if (ran.code === code) return ran;
      throw new Error(`${name}: ${args.join(" ")} exited ${ran.code}, wanted ${code}\n${ran.stdout}${ran.stderr}`);
    },
  };
}
