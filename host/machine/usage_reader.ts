import { spawn as spawnProcess } from "node:child_process";
import { type ProcStat, readStat } from "./proc.ts";

/**
 * Asks /proc about a process over and over without a new program each time: one sh that stays, and reads with its
 * builtins. `cat` each time would cost some 3 ms of CPU a look, more than the fit of a toy may.
 */
const SCRIPT = `while IFS= read -r pid; do
  stat= hwm=
  { IFS= read -r stat < "/proc/$pid/stat"; } 2>/dev/null
  while IFS= read -r line; do case $line in VmHWM:*) hwm=$line; break;; esac; done 2>/dev/null < "/proc/$pid/status"
  printf '%s|%s\\n' "$stat" "$hwm"
done`;

interface Usage {
  stat: ProcStat;
  /** Peak resident memory so far (VmHWM); null for a process that has ended. */
  peak_rss_bytes: number | null;
}

export interface UsageReader {
  read(pid: number): Promise<Usage | undefined>;
  close(): void;
}

export function openUsageReader(): UsageReader {
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
  const cut = line.lastIndexOf("|");
  const parsed = readStat(line.slice(0, cut));
  if (!parsed) return undefined;
  const kib = /(\d+) kB/.exec(line.slice(cut))?.[1];
  return { stat: parsed, peak_rss_bytes: kib === undefined ? null : Number(kib) * 1024 };
}
