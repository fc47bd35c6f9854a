import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Starts to measure a test run. The returned function gives one line: how long the run took so far and, on Linux, how
 * busy the machine was with all its processes. A machine with idle time could run more processes at a time.
 */
export function measureRun(): () => string {
  const [begin, before] = [performance.now(), readProcessorTimes()];
  return () => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    const cores = availableParallelism();
    const busy = before && busyPercent(before, readProcessorTimes() ?? before);
    const load = busy === undefined
      ? ""
      : `, busy ${busy} % of the time: ${Math.round(seconds * cores * busy / 100)} s of one processor`;
    return `dev: the run took ${seconds} s on ${cores} processors${load}`;
  };
}

/** Processor time since boot, in ticks. */
interface ProcessorTimes {
  idle: number;
  all: number;
}

function readProcessorTimes(): ProcessorTimes | undefined {
  return existsSync("/proc/stat") ? processorTimes(readFileSync("/proc/stat", "utf8")) : undefined;
}

/**
 * Returns the sum over all processors in a text of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq
 * steal.
 */
export function processorTimes(text: string): ProcessorTimes | undefined {
  const times = /^cpu +(.*)/.exec(text)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (times === undefined) return undefined;
  const [, , , idle = 0, waiting = 0] = times;
  return { idle: idle + waiting, all: times.reduce((sum, one) => sum + one, 0) };
}

/** Returns the busy share of the processors between two moments; undefined where no time has passed. */
export function busyPercent(before: ProcessorTimes, after: ProcessorTimes): number | undefined {
  const all = after.all - before.all;
  return all > 0 ? Math.round(100 - 100 * (after.idle - before.idle) / all) : undefined;
}
