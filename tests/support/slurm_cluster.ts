import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useCopies } from "./program_copies.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/cluster/", import.meta.url));
/** The ordinary user as whom all jobs, and all our commands, run. */
export const USER = "farmer";
/** Another ordinary user, for what runs beside. */
export const OTHER_USER = "farmer2";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Why no test cluster can be on this machine; empty where it can. */
export const whyNoCluster: string = (() => {
  const { success, stdout } = new Deno.Command(join(SCRIPTS, "supported")).outputSync();
  return success ? "" : decode(stdout).trim() || "test clusters cannot run here";
})();

/** A real Slurm of two nodes, n1 and n2. */
export interface SlurmCluster {
  dir: string;
  /** The variables by which programs find it, and who runs them. */
  env: Record<string, string>;
  /** Does something to a daemon: stop, cont, kill, start. */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Runs a program of Slurm's as the ordinary user; what it printed. Fails unless it exits 0. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** The same as root, who may do what a site does: drain a node, resume it. */
  asRoot(program: string, ...args: string[]): Promise<string>;
  down(): void;
}

/** Words that run a command as a user, in place, so that a signal to the process reaches the command itself. */
export const asNamed = (user: string, ...words: string[]): string[] => [
  ...["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"],
  ...words,
];

/** The same as the ordinary user. */
export const asUser = (...words: string[]): string[] => asNamed(USER, ...words);

/** What programs find in their environment about the user who runs them. */
export const homeOf = (user: string) => ({ HOME: `/home/${user}`, USER: user, LOGNAME: user });

/**
 * Brings a cluster up. It goes down when `down` is called, or some seconds after this process is gone, however that
 * ended. From then on the programs and specs that tests use are copies that the ordinary user can read.
 */
export async function bringUp(options: string[]): Promise<SlurmCluster> {
  const dir = await mkdtemp(join(tmpdir(), "nsfarm-slurm-"));
  guard(dir);
  await script("slurm_up", [dir, ...options]);
  for (const node of ["n1", "n2"]) await giveBootId(dir, node);
  useCopies(join(dir, "programs"));
  const env = { SLURM_CONF: join(dir, "etc/slurm.conf"), ...homeOf(USER) };
  return {
    dir,
    env,
    daemon: (what, name) => script("slurm_daemon", [dir, what, name]).then(() => {}),
    ask: (program, ...args) => output(asUser(program, ...args), env),
    asRoot: (program, ...args) => output([program, ...args], env),
    down: () => {
      new Deno.Command(join(SCRIPTS, "slurm_down"), { args: [dir, "--purge"], stdout: "null" }).outputSync();
    },
  };
}

/** Takes the cluster down should this process be killed. */
function guard(dir: string): void {
  const watch = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2/env" ] || exec "$3" "$2" --purge';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, dir, join(SCRIPTS, "slurm_down")];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

/** Real nodes are machines of their own: what runs on one cannot be looked up in /proc of another. */
async function giveBootId(dir: string, node: string): Promise<void> {
  const file = join(dir, `${node}.boot_id`);
  await Deno.writeTextFile(file, `${crypto.randomUUID()}\n`);
  const mount = ["mount", "--bind", file, "/proc/sys/kernel/random/boot_id"];
  await output(["nsenter", `--mount=${join(dir, "ns", `${node}.mnt`)}`, "--", ...mount], {});
}

const script = (name: string, args: string[]): Promise<string> => output([join(SCRIPTS, name), ...args], {});

/** Runs a program; what it printed. @throws with what it said, unless it exits 0 */
export async function output(argv: string[], env: Record<string, string>): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  if (success) return decode(stdout);
  throw new Error(`${argv.join(" ")}: ${decode(stdout)}${decode(stderr)}`);
}

/** Gives a folder and all in it to a user, and lets everybody look into it. */
export async function giveAway(folder: string, user: string = USER): Promise<void> {
  await chmod(folder, 0o755);
  await output(["chown", "-R", `${user}:${user}`, folder], {});
}
