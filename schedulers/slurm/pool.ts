import type { PoolNode } from "../../core/contracts/sweep.ts";
import type { Command, CommandResult } from "../adapter.ts";

/** Nodes with their CPUs as allocated/idle/other/total, and their load (sinfo(1), --format %C %O). */
export function askSlurmPool(): Command[] {
  return [{ argv: ["sinfo", "--noheader", "--Node", "--format=%N|%T|%C|%O"], timeout_s: 60 }];
}

/** A node of several partitions has a line for each: it counts once. */
export function readSlurmPool([result]: CommandResult[]): PoolNode[] {
  const nodes = new Map<string, PoolNode>();
  for (const line of (result?.stdout ?? "").split("\n")) {
    const [name, state, cpus, load] = line.trim().split("|");
    if (!name || state === undefined) continue;
    const [busy, , , total] = (cpus ?? "").split("/").map(Number);
    nodes.set(name, { name, state, cpus: whole(total), cpus_busy: whole(busy), load: real(load) });
  }
  return [...nodes.values()];
}

const whole = (value: number | undefined) => value !== undefined && Number.isInteger(value) ? value : null;
const real = (text: string | undefined) => /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : null;
