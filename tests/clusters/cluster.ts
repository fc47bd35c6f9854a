import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder, leftovers, until } from "../support/scratch.ts";
import { asUser, giveAway, output } from "./as_user.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/cluster/", import.meta.url));

/** Why no test cluster can run on this machine; empty if it can. */
export const whyNoCluster: string = (() => {
  const { success, stdout } = new Deno.Command(join(SCRIPTS, "supported")).outputSync();
  return success ? "" : new TextDecoder().decode(stdout).trim() || "test clusters cannot run here";
})();

/** Real machines of a scheduler or behind ssh, on this machine. */
export interface Cluster {
  /** Folder of its state; its subfolder log has the daemons' messages. */
  dir: string;
  /** Acts on a daemon, or on all processes of a node (node-NAME). */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Runs a program in a node's namespaces as root. */
  onNode(node: string, ...argv: string[]): Promise<string>;
  down(): void;
}

/** Kind of a cluster: scripts/cluster/KIND_up, and its nodes with their own namespaces. */
interface Flavour {
  kind: "slurm" | "condor" | "gridengine" | "ssh";
  nodes?: readonly string[];
  /** Returns further words of KIND_up. @param base folder of the cluster's state, accessible to everybody */
  words(base: string): string[];
}

/**
 * Starts a cluster. It stops when `down` is called, or some seconds after this process ends in any way.
 * @returns also the output of KIND_up, and the folder of the cluster's state
 */
export async function bringUp(
  { kind, nodes = [], words }: Flavour,
): Promise<Cluster & { printed: string; base: string }> {
  const base = await mkdtemp(join(tmpdir(), `nsfarm-${kind}-`));
  await chmod(base, 0o755);
  const dir = join(base, "up");
  guard(kind, base, dir);
  const printed = await output([join(SCRIPTS, `${kind}_up`), dir, ...words(base)], {});
  for (const node of nodes) await giveBootId(dir, node);
  return {
    base,
    dir,
    printed,
    daemon: (what, name) => output([join(SCRIPTS, `${kind}_daemon`), dir, what, name], {}).then(() => {}),
    onNode: (node, ...argv) => onNode(dir, node, argv),
    down: () => {
      new Deno.Command(join(SCRIPTS, `${kind}_down`), { args: [dir, "--purge"], stdout: "null" }).outputSync();
      Deno.removeSync(base, { recursive: true });
    },
  };
}

/** Stops the cluster if this process is killed. */
function guard(kind: string, base: string, dir: string): void {
  const watch = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2" ] || "$3" "$2" --purge; rm -rf "$4"';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, dir, join(SCRIPTS, `${kind}_down`), base];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

function onNode(dir: string, node: string, argv: string[]): Promise<string> {
  const [uts, mnt] = ["uts", "mnt"].map((kind) => join(dir, "ns", `${node}.${kind}`));
  return output(["nsenter", `--uts=${uts}`, `--mount=${mnt}`, "--", ...argv], {});
}

/** Gives a node its own boot id, since processes of a real node are not in /proc of another. */
async function giveBootId(dir: string, node: string): Promise<void> {
  const file = join(dir, `${node}.boot_id`);
  await writeFile(file, `${crypto.randomUUID()}\n`);
  await onNode(dir, node, ["mount", "--bind", file, "/proc/sys/kernel/random/boot_id"]);
}

/** Programs of a scheduler. */
export interface Clients {
  /** Environment with which they find the scheduler, and their user. */
  env: Record<string, string>;
  /** Runs a program as the ordinary user and returns its output. Fails unless it exits 0. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** Runs a program as root, who can do what a site does: drain a node, resume it. */
  asRoot(program: string, ...args: string[]): Promise<string>;
}

export const clientsWith = (env: Record<string, string>): Clients => ({
  env,
  ask: (program, ...args) => output(asUser(program, ...args), env),
  asRoot: (program, ...args) => output([program, ...args], env),
});

/**
 * Declares tests of one file that share what the first test starts; it stops at the end of the file.
 * @param why reason why they are left out, shown in their names; empty if they run
 */
export function sharedTests<C extends { down(): void }>(
  up: () => Promise<C>,
  why = whyNoCluster,
): (name: string, work: (shared: C) => Promise<void>) => void {
  let coming: Promise<C> | undefined;
  let shared: C | undefined;
  addEventListener("unload", () => shared?.down());
  return (name, work) => {
    if (why !== "") {
      Deno.test({ name: `${name} (left out: ${why})`, ignore: true, fn: () => {} });
    } else Deno.test(name, async () => await work(shared = await (coming ??= up())));
  };
}

/** Runs a test in a folder of the ordinary user, then `clear`, so that the next test begins with free slots. */
export async function inUserFolder(
  prefix: string,
  work: (folder: string) => Promise<void>,
  clear: () => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await giveAway(folder);
    try {
      await work(folder);
      // The record of a shard exists a moment before its job ends.
      await until("all processes have ended", async () => (await leftovers(folder)).length === 0).catch(() => {});
    } finally {
      await clear();
    }
  }, prefix);
}
