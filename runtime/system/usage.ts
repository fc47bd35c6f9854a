import { spawn as spawnProcess } from "node:child_process";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { type ProcStat, readStat } from "./proc.ts";

/**
 * Script that reads /proc about a process repeatedly without a new program each time: one sh that stays and uses its
 * builtins. A `cat` each time would cost about 3 ms of CPU, more than the fit of a toy may take. Children count too: a
 * fit from several starts is a shell with one nextstat after the other.
 */
const SCRIPT = `while IFS= read -r pid; do
  stat= hwm=
  { IFS= read -r stat < "/proc/$pid/stat"; } 2>/dev/null
  { read -r children < "/proc/$pid/task/$pid/children"; } 2>/dev/null || children=
  for one in "$pid" $children; do
    while IFS= read -r line; do case $line in VmHWM:*) hwm="$hwm|$line"; break;; esac; done 2>/dev/null < "/proc/$one/status"
  done
  printf '%s%s\\n' "$stat" "$hwm"
done`;

interface Usage {
  stat: ProcStat;
  /** Peak resident memory so far (VmHWM), of it or of a present child; null for a process that has ended. */
  peak_rss_bytes: number | null;
}

interface UsageReader {
  read(pid: number): Promise<Usage | undefined>;
  close(): void;
}

function openUsageReader(): UsageReader {
  const child = spawnProcess("sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "ignore"] });
  const waiting: ((line: string) => void)[] = [];
  let rest = "";
  const give = (line: string) => waiting.shift()?.(line);
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(give);
  });
  const giveUp = () => waiting.splice(0).forEach((answer) => answer(""));
  let closed = false;
  child.on("error", giveUp);
  child.on("exit", () => {
    closed = true;
    giveUp();
  });
  child.stdin.on("error", giveUp);
  return {
    read: async (pid) => {
      if (closed) return undefined;
      const line = await new Promise<string>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${pid}\n`);
      });
      return readUsage(line);
    },
    close: () => {
      child.stdin.end();
      child.kill("SIGKILL");
    },
  };
}

function readUsage(line: string): Usage | undefined {
  const [stat = "", ...peaks] = line.split("|VmHWM:");
  const parsed = readStat(stat);
  if (!parsed) return undefined;
  const kib = peaks.flatMap((peak) => /(\d+) kB/.exec(peak)?.[1] ?? []).map(Number);
  return { stat: parsed, peak_rss_bytes: kib.length === 0 ? null : Math.max(...kib) * 1024 };
}

/** What a fit has used; null where it was not measured. */
export type FitUsage = Pick<ShardRecord, "cpu_user_s" | "cpu_system_s" | "max_rss_bytes">;

interface Watched {
  pid: number;
  peak: number | null;
  user_s: number;
  system_s: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** When a fit is measured after its start; then once a second. Early, since its memory is allocated early. */
const LOOKS_MS = [15, 60, 250, 750];

/**
 * Measures the fits that this process starts. CPU time is exact to a clock tick (10 ms): what the kernel adds to our
 * own children's times when a fit is reaped (getrusage(2), RUSAGE_CHILDREN; /proc/PID/stat fields 16 and 17). Peak
 * memory is the last reading of VmHWM before the end.
 */
export class UsageMeter {
  #opened: UsageReader | undefined;
  readonly #watched = new Map<number, Watched>();
  #ended: Watched[] = [];
  #counted: Promise<{ user_s: number; system_s: number } | undefined> | undefined;

  /** Opened beside the first fit, not before. */
  get #reader(): UsageReader {
    return this.#opened ??= openUsageReader();
  }

  /** Starts to measure. Resolves with the process's start time in clock ticks, or undefined when it is gone already. */
  async watch(pid: number): Promise<string | undefined> {
    const fit: Watched = { pid, peak: null, user_s: 0, system_s: 0, timer: undefined };
    this.#watched.set(pid, fit);
    this.#counted ??= this.#children();
    this.#measure(fit, 0);
    return (await this.#reader.read(pid))?.stat.start_ticks;
  }

  /** Returns the usage of a fit alone, after it has been reaped. */
  async end(pid: number): Promise<FitUsage> {
    const fit = this.#watched.get(pid);
    if (!fit) return { cpu_user_s: null, cpu_system_s: null, max_rss_bytes: null };
    clearTimeout(fit.timer);
    this.#watched.delete(pid);
    this.#ended.push(fit);
    await this.#settle();
    return { cpu_user_s: round(fit.user_s), cpu_system_s: round(fit.system_s), max_rss_bytes: fit.peak };
  }

  close(): void {
    for (const fit of this.#watched.values()) clearTimeout(fit.timer);
    this.#opened?.close();
  }

  #measure(fit: Watched, nth: number): void {
    fit.timer = setTimeout(async () => {
      const usage = await this.#reader.read(fit.pid);
      if (!this.#watched.has(fit.pid)) return;
      if (usage) {
        fit.peak = Math.max(fit.peak ?? 0, usage.peak_rss_bytes ?? 0) || null;
        const { user_s, system_s, children_user_s, children_system_s } = usage.stat;
        [fit.user_s, fit.system_s] = [user_s + children_user_s, system_s + children_system_s];
      }
      this.#measure(fit, nth + 1);
    }, LOOKS_MS[nth] ?? 1000);
  }

  async #children() {
    const stat = (await this.#reader.read(Deno.pid))?.stat;
    return stat && { user_s: stat.children_user_s, system_s: stat.children_system_s };
  }

  /** Shares the times added since the last call among the fits that ended since, by the last reading of each. */
  #settle(): Promise<unknown> {
    const before = this.#counted;
    this.#counted = (async () => {
      const last = await before;
      const now = await this.#children();
      const ended = this.#ended.splice(0);
      if (last && now) share(ended, now.user_s - last.user_s, now.system_s - last.system_s);
      return now ?? last;
    })();
    return this.#counted;
  }
}

function share(fits: Watched[], user_s: number, system_s: number): void {
  const seen = fits.map((fit) => fit.user_s + fit.system_s + 0.001);
  const total = seen.reduce((sum, one) => sum + one, 0);
  fits.forEach((fit, i) => {
    const part = (seen[i] ?? 0) / total;
    [fit.user_s, fit.system_s] = [user_s * part, system_s * part];
  });
}

const round = (seconds: number) => Math.round(seconds * 1e4) / 1e4;
