import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder, leftovers, until } from "../support/scratch.ts";
import { asUser, giveAway, output } from "./as_user.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/cluster/", import.meta.url));

/** Why no test cluster can be on this machine; empty where it can. */
export const whyNoCluster: string = (() => {
  const { success, stdout } = new Deno.Command(join(SCRIPTS, "supported")).outputSync();
  return success ? "" : new TextDecoder().decode(stdout).trim() || "test clusters cannot run here";
})();

/** Real machines of a scheduler or behind ssh, on this one. */
export interface Cluster {
  /** Its own state; its log folder tells what went wrong. */
  dir: string;
  /** Does something to a daemon, or to all that runs on a node (node-NAME). */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Runs a program in a node's namespaces as root. */
  onNode(node: string, ...argv: string[]): Promise<string>;
  down(): void;
}

/** What brings a cluster up: scripts/cluster/KIND_up, and its nodes that have namespaces of their own. */
export interface Flavour {
  kind: "slurm" | "condor" | "gridengine" | "ssh";
  nodes?: readonly string[];
  /** Further words of KIND_up. @param base the folder in which the cluster's state lies, which everybody can enter */
  words(base: string): string[];
}

/**
 * Brings a cluster up. It goes down when `down` is called, or some seconds after this process is gone, however that
 * ended.
 * @returns also what KIND_up printed, and the folder in which the cluster's state lies
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

/** Takes the cluster down should this process be killed. */
function guard(kind: string, base: string, dir: string): void {
  const watch = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2" ] || "$3" "$2" --purge; rm -rf "$4"';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, dir, join(SCRIPTS, `${kind}_down`), base];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

function onNode(dir: string, node: string, argv: string[]): Promise<string> {
  const [uts, mnt] = ["uts", "mnt"].map((kind) => join(dir, "ns", `${node}.${kind}`));
  return output(["nsenter", `--uts=${uts}`, `--mount=${mnt}`, "--", ...argv], {});
}

/** Real nodes are machines of their own: what runs on one cannot be looked up in /proc of another. */
async function giveBootId(dir: string, node: string): Promise<void> {
  const file = join(dir, `${node}.boot_id`);
  await writeFile(file, `${crypto.randomUUID()}\n`);
  await onNode(dir, node, ["mount", "--bind", file, "/proc/sys/kernel/random/boot_id"]);
}

/** A scheduler's own programs. */
export interface Clients {
  /** The variables by which they find it, and who runs them. */
  env: Record<string, string>;
  /** Runs one as the ordinary user; what it printed. Fails unless it exits 0. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** The same as root, who may do what a site does: drain a node, resume it. */
  asRoot(program: string, ...args: string[]): Promise<string>;
}

export const clientsWith = (env: Record<string, string>): Clients => ({
  env,
  ask: (program, ...args) => output(asUser(program, ...args), env),
  asRoot: (program, ...args) => output([program, ...args], env),
});

/**
 * Declares tests of one file that share what the first brings up, and which goes down when the file has ended.
 * @param why they are left out, with this in their names; empty where they are not
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

/** Runs a test in a folder of the ordinary user, and then `clear`, so that the next begins with free slots. */
export async function inUserFolder(
  prefix: string,
  work: (folder: string) => Promise<void>,
  clear: () => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await giveAway(folder);
    try {
      await work(folder);
      // The record of a shard is there a moment before its job has ended.
      await until("all processes have ended", async () => (await leftovers(folder)).length === 0).catch(() => {});
    } finally {
      await clear();
    }
  }, prefix);
}
