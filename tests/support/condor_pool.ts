import { mkdirSync } from "node:fs";
import { appendFile, chmod, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useCopies } from "./program_copies.ts";
import { asUser, giveAway, homeOf, output, USER } from "./slurm_cluster.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/cluster/", import.meta.url));

/** A real HTCondor pool: a submit side, and the execute nodes e1, e2 … */
export interface CondorPool {
  /** Its own state; its log folders tell what went wrong. */
  dir: string;
  /** Where the submit side keeps its programs and runs; with `hidden` the nodes see an empty folder there. */
  site: string;
  /** A folder that the submit side and the nodes see, whatever is hidden. */
  open: string;
  /** The variables by which programs find it. */
  env: Record<string, string>;
  /** Does something to a daemon or to a whole node. */
  daemon(what: "stop" | "cont" | "kill" | "start", name: string): Promise<void>;
  /** Runs a program of HTCondor's as the ordinary user; what it printed. Fails unless it exits 0. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** Runs a program on a node, as root. */
  onNode(node: string, ...argv: string[]): Promise<string>;
  /** Adds lines to the configuration of the submit side ("head") or of a node, and lets its daemons read it. */
  configure(host: string, ...lines: string[]): Promise<void>;
  down(): void;
}

export interface PoolOptions {
  /** One-core jobs that run on a node at once. */
  slots?: number;
  nodes?: number;
  /** Whether the nodes cannot see the submit side's files. */
  hidden?: boolean;
}

/**
 * Brings a pool up. It goes down when `down` is called, or some seconds after this process is gone, however that ended.
 * From then on the programs and specs that tests use are copies that the ordinary user can read, and the tests' folders
 * lie beside them.
 */
export async function bringUp({ slots = 4, nodes = 1, hidden = false }: PoolOptions): Promise<CondorPool> {
  const base = await mkdtemp(join(tmpdir(), "nsfarm-condor-"));
  await chmod(base, 0o755);
  const [dir, site, open] = ["pool", "site", "open"].map((name) => join(base, name)) as [string, string, string];
  mkdirSync(site);
  mkdirSync(open);
  guard(base);
  const hide = hidden ? ["--private-execute", site] : [];
  await script("condor_up", [dir, "--slots", `${slots}`, "--nodes", `${nodes}`, ...hide]);
  // Only now the ordinary user is sure to be there.
  await giveAway(open);
  for (let n = 1; n <= nodes; n++) await giveBootId(dir, `e${n}`);
  useCopies(join(site, "programs"), { also: [open] });
  Deno.env.set("TMPDIR", site);
  const env = { CONDOR_CONFIG: join(dir, "etc/condor_config"), ...homeOf(USER) };
  return {
    dir,
    site,
    open,
    env,
    daemon: (what, name) => script("condor_daemon", [dir, what, name]).then(() => {}),
    ask: (program, ...args) => output(asUser(program, ...args), env),
    onNode: (node, ...argv) => onNode(dir, node, argv),
    configure: async (host, ...lines) => {
      const file = join(dir, "etc", `${host}.config`);
      const config = host === "head" ? join(dir, "etc/condor_config") : file;
      await appendFile(config, `${lines.join("\n")}\n`);
      const master = (await readFile(join(dir, "pids", `master-${host}`), "utf8")).split(" ")[0] ?? "";
      await output(["kill", "-HUP", master], {});
    },
    down: () => {
      new Deno.Command(join(SCRIPTS, "condor_down"), { args: [dir, "--purge"], stdout: "null" }).outputSync();
      Deno.removeSync(base, { recursive: true });
    },
  };
}

function onNode(dir: string, node: string, argv: string[]): Promise<string> {
  const [uts, mnt] = ["uts", "mnt"].map((kind) => join(dir, "ns", `${node}.${kind}`));
  return output(["nsenter", `--uts=${uts}`, `--mount=${mnt}`, "--", ...argv], {});
}

/** Takes the pool down should this process be killed. */
function guard(base: string): void {
  const watch =
    'while kill -0 "$1" 2>/dev/null; do sleep 1; done; [ ! -e "$2" ] || "$3" "$2/pool" --purge; rm -rf "$2"';
  const args = ["-f", "sh", "-c", watch, "guard", `${Deno.pid}`, base, join(SCRIPTS, "condor_down")];
  new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
}

/** Real nodes are machines of their own: what runs on one cannot be looked up in /proc of another. */
async function giveBootId(dir: string, node: string): Promise<void> {
  const file = join(dir, `${node}.boot_id`);
  await Deno.writeTextFile(file, `${crypto.randomUUID()}\n`);
  await onNode(dir, node, ["mount", "--bind", file, "/proc/sys/kernel/random/boot_id"]);
}

const script = (name: string, args: string[]): Promise<string> => output([join(SCRIPTS, name), ...args], {});
