import { gibibytes, plural, textTable } from "../format.ts";
import { oldGlibc } from "../glibc.ts";
import { type HostStat, type Preflight, PREFLIGHT_SCHEMA } from "../schema/preflight.ts";
import { SHARDS_PER_SLOT } from "../toys.ts";
import type { HostFacts } from "./host_facts.ts";
import { type FarmHost, hostKey } from "./hosts_file.ts";
import { NOT_LET_IN } from "./ssh_command.ts";

export type ProbedHost =
  | { host: FarmHost; facts: HostFacts; clock_offset_s: number | null; round_trip_s: number | null }
  | { host: FarmHost; error: string };

/** Returns the document of a probe of all hosts, in the order of the hosts file. */
export function preflightDocument(
  hosts_file: string,
  probed: readonly ProbedHost[],
  created_at_utc: string,
): Preflight {
  const first = new Map<string, string>();
  const stats = probed.map((one) => {
    if (!("facts" in one)) return unreached(one.host, one.error);
    const boot = one.facts.boot_id ?? "";
    const same_machine_as = first.get(boot) ?? null;
    if (boot !== "" && same_machine_as === null) first.set(boot, hostKey(one.host));
    return reached(one, same_machine_as);
  });
  return { schema_version: PREFLIGHT_SCHEMA, created_at_utc, hosts_file, stats };
}

const target = ({ user, name }: FarmHost) => user === null ? name : `${user}@${name}`;

function unreached(host: FarmHost, error: string): HostStat {
  const nothing = {
    hostname: null,
    logical_cores: null,
    physical_cores: null,
    threads_per_core: null,
    cpu_model: null,
  };
  const farm = { ...ownWords(host), ...NOTHING_FOUND };
  return { host: host.name, ok: false, ssh_target: target(host), ...nothing, error, farm };
}

/** Returns the settings of a host's line in the hosts file. */
const ownWords = ({ user, port, weight, threads }: FarmHost) => ({ user, port, weight, threads });

const NOTHING_FOUND = {
  boot_id: null,
  same_machine_as: null,
  cpus_allowed: null,
  memory_bytes: null,
  memory_available_bytes: null,
  load_average: null,
  kernel: null,
  glibc: null,
  nextstat_path: null,
  nextstat_version: null,
  work_dir: null,
  work_dir_free_bytes: null,
  clock_offset_s: null,
  round_trip_s: null,
};

function reached(probed: Extract<ProbedHost, { facts: HostFacts }>, same_machine_as: string | null): HostStat {
  const { host, facts, clock_offset_s, round_trip_s } = probed;
  const { cpus_logical, cpus_physical } = facts;
  return {
    host: host.name,
    ok: facts.fault === null,
    ssh_target: target(host),
    hostname: facts.host,
    logical_cores: cpus_logical,
    physical_cores: cpus_physical,
    threads_per_core: cpus_logical !== null && cpus_physical ? cpus_logical / cpus_physical : null,
    cpu_model: facts.cpu_model,
    error: facts.fault,
    farm: {
      ...ownWords(host),
      boot_id: facts.boot_id,
      same_machine_as,
      cpus_allowed: facts.cpus_allowed,
      memory_bytes: facts.memory_bytes,
      memory_available_bytes: facts.memory_available_bytes,
      load_average: facts.load_average,
      kernel: facts.kernel,
      glibc: facts.glibc,
      nextstat_path: facts.nextstat_path,
      nextstat_version: facts.nextstat_version,
      work_dir: facts.base_dir,
      work_dir_free_bytes: facts.free_bytes,
      clock_offset_s,
      round_trip_s,
    },
  };
}

/** Returns one line per host and their totals; lines for the same machine count once. */
export function describePreflight({ stats }: Preflight): string {
  const rows = stats.map((one) => one.ok ? factCells(one) : [shownName(one), "no", one.error ?? "no answer"]);
  const head = ["host", "ok", "cores", "threads", "load", "free mem", "free disk", "clock", "glibc"];
  const machines = stats.filter((one) => one.ok && !one.farm?.same_machine_as);
  const sum = (pick: (one: HostStat) => number | null | undefined) =>
    machines.reduce((n, one) => n + (pick(one) ?? 0), 0);
  return [
    ...textTable([[...head, "nextstat", "machine, CPU"], ...rows]),
    ...stats.filter((one) => one.farm?.same_machine_as).map((one) =>
      `${shownName(one)} is the same machine as ${one.farm?.same_machine_as}: they share its cores`
    ),
    ...oldGlibc(stats.map((one) => [shownName(one), one.farm?.glibc ?? null])),
    `${stats.filter((one) => one.ok).length} of ${stats.length} hosts can be used: ${
      sum((one) => one.physical_cores)
    } physical cores, ${sum((one) => one.logical_cores)} logical, on ${plural(machines.length, "machine")}`,
    ...toBeginWith(sum((one) => one.physical_cores)),
    ...(stats.some(isRefused) ? [REFUSED_HINT] : []),
  ].join("\n");
}

/** Slots take the next shard by themselves, so small shards cost little and shorten the tail. */
const toBeginWith = (cores: number): string[] =>
  cores === 0 ? [] : [`to begin with: --shards ${SHARDS_PER_SLOT * cores} (${SHARDS_PER_SLOT} for each physical core)`];

const isRefused = ({ error }: HostStat): boolean => error === NOT_LET_IN;

const REFUSED_HINT = "give another key with --ssh-key FILE, another ssh configuration with --ssh-config FILE";

function shownName({ ssh_target, farm }: HostStat): string {
  return farm?.port ? `${ssh_target}:${farm.port}` : ssh_target;
}

function factCells(one: HostStat): string[] {
  const { farm } = one;
  const offset = farm?.clock_offset_s;
  return [
    shownName(one),
    "yes",
    `${one.physical_cores ?? "?"}`,
    `${one.logical_cores ?? "?"}`,
    farm?.load_average?.[0]?.toFixed(2) ?? "?",
    gigabytes(farm?.memory_available_bytes),
    gigabytes(farm?.work_dir_free_bytes),
    offset === null || offset === undefined ? "?" : `${offset < 0 ? "-" : "+"}${Math.abs(offset).toFixed(2)} s`,
    farm?.glibc ?? "?",
    farm?.nextstat_version ?? "none",
    `${one.hostname ?? "?"}, ${one.cpu_model ?? "unknown CPU"}`,
  ];
}

const gigabytes = (bytes: number | null | undefined) => typeof bytes === "number" ? gibibytes(bytes) : "?";
