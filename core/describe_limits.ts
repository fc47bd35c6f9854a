/** What a scheduler's probe found, as preflight prints it. */
export interface ProbedLimits {
  max_array_size?: number | null | undefined;
  max_submit_jobs?: number | null | undefined;
  accounting?: boolean | undefined;
  version?: string | undefined;
  places?:
    | {
      name: string;
      state: string;
      nodes: number | null;
      cpus: number | null;
      memory_mb: number | null;
      time_limit: string | null;
    }[]
    | undefined;
}

/** Shards for each CPU that a suggestion aims at: the tail of a run is then a third of a shard's share. */
const SHARDS_PER_CPU = 3;

export interface Suggestion {
  shards: number | null;
  why: string;
}

/** How many shards to begin with on CPUs that can be seen. */
export function suggestShards(limits: ProbedLimits): Suggestion {
  const places = limits.places ?? [];
  // Partitions share their nodes, so the largest counts; single nodes add up.
  const overlap = places.some((place) => (place.nodes ?? 1) > 1);
  const cpus = places.reduce((sum, { cpus }) => overlap ? Math.max(sum, cpus ?? 0) : sum + (cpus ?? 0), 0);
  if (cpus === 0) return { shards: null, why: "no CPUs are seen" };
  return { shards: SHARDS_PER_CPU * cpus, why: `${SHARDS_PER_CPU} for each of ${cpus} CPUs` };
}

export function describeLimits(scheduler: string, limits: ProbedLimits): string {
  const words = (value: number | null | undefined) =>
    value === undefined ? "unknown" : value === null ? "no limit" : `${value}`;
  const suggestion = suggestShards(limits);
  return [
    `${scheduler} ${limits.version ?? "(version unknown)"}`,
    `  largest array          ${words(limits.max_array_size)}`,
    `  jobs of one user       ${words(limits.max_submit_jobs)}`,
    `  accounting             ${
      limits.accounting === undefined ? "unknown" : limits.accounting ? "on" : "off; nothing here needs it"
    }`,
    ...(limits.places ?? []).map(describePlace),
    suggestion.shards === null
      ? `  shards to begin with: ${suggestion.why}`
      : `  shards to begin with: --shards ${suggestion.shards} (${suggestion.why})`,
  ].join("\n");
}

function describePlace(place: NonNullable<ProbedLimits["places"]>[number]): string {
  const facts = [
    place.nodes === null ? null : `${place.nodes} ${place.nodes === 1 ? "node" : "nodes"}`,
    place.cpus === null ? null : `${place.cpus} ${place.cpus === 1 ? "CPU" : "CPUs"}`,
    place.memory_mb === null ? null : `${place.memory_mb} MB`,
    place.time_limit === null ? null : `at most ${place.time_limit}`,
  ].filter((fact) => fact !== null);
  return `  ${place.name.padEnd(22)} ${place.state}, ${facts.join(", ")}`;
}
