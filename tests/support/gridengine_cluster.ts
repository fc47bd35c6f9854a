import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useCopies } from "./program_copies.ts";
import { asUser, homeOf, output, USER } from "./slurm_cluster.ts";

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SCRIPTS = root("scripts/cluster/");

/** A real Grid Engine of one node; the plugin lies beside the binary, and both are root's. */
export interface GridEngine {
  dir: string;
  /** The variables by which its programs find it, and a PATH on which there is no Deno and no Node. */
  env: Record<string, string>;
  /** Runs a program of Grid Engine's as the ordinary user; what it printed. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** The same as root, who is a manager of it. */
  asRoot(program: string, ...args: string[]): Promise<string>;
  /** Does something to qmaster, execd, or node: all but the qmaster. */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  down(): void;
}

export async function bringUpGridEngine(): Promise<GridEngine> {
  const dir = await mkdtemp(join(tmpdir(), "nsfarm-gridengine-"));
  await chmod(dir, 0o755);
  guard(dir);
  const printed = await output([join(SCRIPTS, "gridengine_up"), dir, "--slots", "8"], {});
  useCopies(join(dir, "programs"));
  dropPlugin(join(dir, "programs"));
  const own = Object.fromEntries(printed.trim().split("\n").map((line) => line.split("=")));
  const env = { ...own, PATH: "/usr/bin:/bin", ...homeOf(USER) };
  return {
    dir,
    env,
    ask: (program, ...args) => output(asUser(program, ...args), env),
    asRoot: (program, ...args) => output([program, ...args], env),
    daemon: (what, name) => output([join(SCRIPTS, "gridengine_daemon"), dir, what, name], {}).then(() => {}),
    down: () => {
      new Deno.Command(join(SCRIPTS, "gridengine_down"), { args: [dir, "--purge"], stdout: "null" }).outputSync();
    },
  };
}

/** Takes it down should this process be killed. */
function guard(dir: string): void {
  const watch = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2/env" ] || exec "$3" "$2" --purge';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, dir, join(SCRIPTS, "gridengine_down")];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

/** Puts the Grid Engine plugin into schedulers/ of a folder, as a site would: its file and the folder of its parts. */
export function dropPlugin(place: string): string {
  const folder = join(place, "schedulers");
  mkdirSync(join(folder, "gridengine"), { recursive: true, mode: 0o755 });
  const files = ["gridengine.ts", ...["options", "query", "submit", "words"].map((name) => `gridengine/${name}.ts`)];
  for (const file of files) {
    copyFileSync(root(`plugins/${file}`), join(folder, file));
    chmodSync(join(folder, file), 0o644);
  }
  return join(folder, "gridengine.ts");
}
