/** What a host told of itself; null where it could not. */
export interface HostFacts {
  host: string;
  kernel: string | null;
  boot_id: string | null;
  uptime_s: number | null;
  load_average: number[] | null;
  cpu_model: string | null;
  cpus_logical: number | null;
  cpus_physical: number | null;
  /** CPUs that a process there may use. */
  cpus_allowed: number | null;
  memory_bytes: number | null;
  memory_available_bytes: number | null;
  /** Where runs go on the host, absolute. */
  base_dir: string | null;
  free_bytes: number | null;
  nextstat_path: string | null;
  nextstat_version: string | null;
  /** Why no shard can run there, or null. */
  fault: string | null;
}

/** Reads the agent's KEY=VALUE lines; of a key that is there twice the first counts. */
export function readHostFacts(lines: readonly string[]): HostFacts {
  const values = new Map<string, string>();
  for (const line of lines) {
    const cut = line.indexOf("=");
    const key = line.slice(0, cut);
    if (cut > 0 && !values.has(key)) values.set(key, line.slice(cut + 1));
  }
  const text = (key: string) => values.get(key) || null;
  const logical = count(text("cpus_logical"));
  return {
    host: text("host") ?? "unknown",
    kernel: text("kernel"),
    boot_id: text("boot_id"),
    uptime_s: number(text("uptime_s")),
    load_average: loads(text("load")),
    cpu_model: text("cpu_model"),
    cpus_logical: logical,
    cpus_physical: count(text("cpus_physical")) ?? logical,
    cpus_allowed: count(text("cpus_allowed")),
    memory_bytes: kilo(text("memory_kb")),
    memory_available_bytes: kilo(text("memory_available_kb")),
    base_dir: text("base"),
    free_bytes: kilo(text("free_kb")),
    nextstat_path: text("nextstat_path"),
    nextstat_version: text("nextstat_version")?.replace(/^nextstat\s+/, "") ?? null,
    fault: text("fault"),
  };
}

function number(text: string | null): number | null {
  const value = Number(text ?? "");
  return text !== null && Number.isFinite(value) && value >= 0 ? value : null;
}

function count(text: string | null): number | null {
  const value = number(text);
  return value !== null && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function kilo(text: string | null): number | null {
  const value = number(text);
  return value === null ? null : value * 1024;
}

function loads(text: string | null): number[] | null {
  const values = (text ?? "").split(" ").map(Number);
  return values.length === 3 && values.every((value) => Number.isFinite(value) && value >= 0) ? values : null;
}
