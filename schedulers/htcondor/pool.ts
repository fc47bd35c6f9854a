import type { PoolNode } from "../../core/contracts/sweep.ts";
import type { Command, CommandResult } from "../adapter.ts";

const COLUMNS = ["Machine", "State", "Cpus", "TotalLoadAvg"];

/** One line a slot; a claimed dynamic slot has its CPUs, its partitionable one those that are left (condor_status(1)). */
export function askHTCondorPool(): Command[] {
  const format = COLUMNS.flatMap((name, i) => [
    "-format",
    i === 0 ? "nsfarm|%v" : i === COLUMNS.length - 1 ? "|%v\\n" : "|%v",
    name,
  ]);
  return [{ argv: ["condor_status", ...format], timeout_s: 60 }];
}

export function readHTCondorPool([result]: CommandResult[]): PoolNode[] {
  const nodes = new Map<string, PoolNode>();
  for (const line of (result?.stdout ?? "").split("\n")) {
    const [, name, state = "", cpus, load] = /^nsfarm\|([^|]+)\|([^|]*)\|([^|]*)\|([^|]*)$/.exec(line) ?? [];
    if (name !== undefined) add(nodes, name, state.toLowerCase(), number(cpus), number(load));
  }
  return [...nodes.values()];
}

function add(nodes: Map<string, PoolNode>, name: string, state: string, cpus: number | null, load: number | null) {
  const before = nodes.get(name) ?? { name, state, cpus: 0, cpus_busy: 0, load };
  const busy = state === "claimed" ? cpus ?? 0 : 0;
  nodes.set(name, {
    ...before,
    state: state === "claimed" ? state : before.state,
    cpus: (before.cpus ?? 0) + (cpus ?? 0),
    cpus_busy: (before.cpus_busy ?? 0) + busy,
  });
}

const number = (text: string | undefined) => /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : null;
