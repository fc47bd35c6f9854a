import { FarmError, orElse } from "../../core/errors.ts";
import type { ProcessId } from "../../core/schema/attempt.ts";
import { pauseFor } from "./process.ts";

/**
 * Returns the content of files in /proc. Deno opens nothing in /proc for a program without all permissions
 * (GHSA-23rx-c3g5-hv9w), so `cat` and `grep` read them.
 */
export async function readProc(paths: string[]): Promise<string> {
  return paths.length === 0 ? "" : await answerOf("cat", paths);
}

/**
 * Returns what a program prints that answers at once; empty where it cannot be run, or takes 10 s.
 * @param detached whether a signal to this process's group, as Ctrl-C sends it, leaves the program alone
 */
async function answerOf(program: string, args: string[], detached = true): Promise<string> {
  const signal = AbortSignal.timeout(10_000);
  try {
    const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null", signal, detached })
      .output();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}

/** What the system reports about this machine and process. */
interface OwnProc {
  /** The files of OWN_FILES, one after the other. */
  text: string;
  /** The moment of reading, by performance.now(). */
  read_ms: number;
}

const OWN_FILES = ["sys/kernel/random/boot_id", `${Deno.pid}/stat`, "uptime", "self/cgroup", "cpuinfo"];

/** Prints files, and memory.events of its own group in the unified hierarchy (cgroup v2, see oomFile). */
const OWN_SCRIPT = `cat "$@"
while IFS=: read -r id _ group; do [ "$id" != 0 ] || exec cat "/sys/fs/cgroup$group/memory.events"; done </proc/self/cgroup`;

let begun: Promise<OwnProc> | undefined;

/** Starts to read what the next readOwnProc() returns, so that a command can load its modules meanwhile. */
export function beginOwnProc(): void {
  begun ??= readOwn();
}

/** Returns what the system reports about this machine and process now, or since beginOwnProc(). */
export function readOwnProc(): Promise<OwnProc> {
  const own = begun ?? readOwn();
  begun = undefined;
  return own;
}

async function readOwn(): Promise<OwnProc> {
  const args = ["-c", OWN_SCRIPT, "sh", ...OWN_FILES.map((name) => `/proc/${name}`)];
  // Not detached: a process group of its own costs a fork of this process, and no signal is caught yet.
  const running = answerOf("sh", args, false);
  // The program reads right after its start; its answer may wait until this process has loaded a module.
  const read_ms = performance.now();
  return { text: await running, read_ms };
}

/** Returns the boot id of this machine for the identity of processes (see processBoot). */
export async function bootId(): Promise<string> {
  const id = (await readProc(["/proc/sys/kernel/random/boot_id"])).trim();
  return processBoot(id === "" ? "unknown" : id);
}

/** The PID namespace of a machine's first processes (PROC_PID_INIT_INO, proc_ns.h of Linux). */
const FIRST_NAMESPACE = "4026531836";

/**
 * Returns the number of this process's PID namespace; empty for the machine's first, and where it is not known. A process
 * number names a process of its own namespace only.
 */
export function pidNamespace(link = orElse("", () => Deno.readLinkSync("/proc/self/ns/pid"))): string {
  const number = /^pid:\[(\d+)\]$/.exec(link)?.[1] ?? FIRST_NAMESPACE;
  return number === FIRST_NAMESPACE ? "" : number;
}

/**
 * Returns what tells the processes of one boot (random(4)) and one PID namespace from others: the boot id, and where a
 * container has a namespace of its own `<boot id>/<namespace>`. Processes of another namespace are not in /proc here, and
 * count as those of another machine.
 */
export const processBoot = (boot: string, namespace = pidNamespace()): string =>
  namespace === "" ? boot : `${boot}/${namespace}`;

/** Returns whether two processes, by their boot ids, run on one machine that was not restarted between. */
export const isSameBoot = (one: string, other: string): boolean => one.split("/")[0] === other.split("/")[0];

/**
 * Returns the start time of those pids that are alive, in clock ticks since boot; zombies are not alive.
 * @throws {FarmError} unreachable, where /proc could not be read (no process can be started, say): an unknown process
 * must not be taken for a dead one
 */
export async function startTicks(pids: number[]): Promise<Map<number, string>> {
  if (pids.length === 0) return new Map();
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // This process is alive, so an answer without it is invalid.
    const found = readTicks(await readProc([Deno.pid, ...pids].map((pid) => `/proc/${pid}/stat`)));
    if (found.has(Deno.pid)) return found;
    await pauseFor(RETRY_MS);
  }
  const next = "Run the same command again; nothing was changed";
  throw new FarmError("unreachable", "Cannot list the processes of this machine: cat cannot be run", next);
}

const MAX_TRIES = 5;
const RETRY_MS = 200;

function readTicks(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const line of text.split("\n")) {
    const stat = readStat(line);
    if (stat && stat.state !== "Z" && stat.state !== "X") found.set(stat.pid, stat.start_ticks);
  }
  return found;
}

export interface ProcStat {
  pid: number;
  state: string;
  user_s: number;
  system_s: number;
  children_user_s: number;
  children_system_s: number;
  start_ticks: string;
}

/** Clock ticks per second in /proc: USER_HZ, 100 on every present Linux (proc_pid_stat(5)). */
const TICKS = 100;

/** Reads a line of /proc/PID/stat, split at the last bracket: the name in it may hold spaces and brackets. */
export function readStat(line: string): ProcStat | undefined {
  const close = line.lastIndexOf(")");
  if (close < 0) return undefined;
  const rest = line.slice(close + 2).split(" ");
  const seconds = (field: number) => Number(rest[field - 3]) / TICKS;
  return {
    pid: Number(line.slice(0, line.indexOf(" "))),
    state: rest[0] ?? "?",
    user_s: seconds(14),
    system_s: seconds(15),
    children_user_s: seconds(16),
    children_system_s: seconds(17),
    start_ticks: rest[22 - 3] ?? "0",
  };
}

/** Returns which of these processes of this boot are alive; those of another boot or host are skipped. */
export async function aliveOf(processes: ProcessId[], boot_id: string): Promise<Set<ProcessId>> {
  const here = processes.filter((process) => process.boot_id === boot_id);
  const ticks = await startTicks([...new Set(here.map((process) => process.pid))]);
  return new Set(here.filter((process) => ticks.get(process.pid) === process.start_ticks));
}

/** Returns the processes of this machine with `text` in one of their arguments. */
export async function findByArgument(text: string): Promise<number[]> {
  const pids: string[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    if (/^[1-9][0-9]*$/.test(entry.name) && entry.name !== `${Deno.pid}`) pids.push(entry.name);
  }
  const printed = await answerOf("grep", ["-lasF", "-e", text, ...pids.map((pid) => `/proc/${pid}/cmdline`)]);
  return printed.split("\n").flatMap((line) => {
    const pid = /^\/proc\/([0-9]+)\//.exec(line)?.[1];
    return pid === undefined ? [] : [Number(pid)];
  });
}
