export interface CpuFacts {
  cpu_model: string | null;
  cpus_logical: number | null;
  cpus_physical: number | null;
}

/**
 * Reads /proc/cpuinfo (x86 and arm64 layouts). A physical core is a distinct pair of `physical id` and `core id`
 * (proc_cpuinfo(5)); where the kernel names none, every logical CPU counts as one.
 */
export function readCpuinfo(text: string): CpuFacts {
  const logical = [...text.matchAll(/^processor\s*:/gm)].length;
  const model = /^(?:model name|Model|CPU part)\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? null;
  if (logical === 0) return { cpu_model: model, cpus_logical: null, cpus_physical: null };
  const cores = new Set(text.split(/\n\s*\n/).flatMap(coreOf));
  return { cpu_model: model, cpus_logical: logical, cpus_physical: cores.size || logical };
}

function coreOf(block: string): string[] {
  const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
  const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? "0";
  return core === undefined ? [] : [`${socket}/${core}`];
}
