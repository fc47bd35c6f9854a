import * as z from "./zod.ts";

export const PREFLIGHT_SCHEMA = "nextstat.cpu_farm_preflight.v1";

/** Facts of one host; members beside `farm` are those of the old script. */
export const HostStat = z.looseObject({
  host: z.string(),
  ok: z.boolean(),
  ssh_target: z.string(),
  hostname: z.optional(z.nullable(z.string())),
  logical_cores: z.optional(z.nullable(z.int())),
  physical_cores: z.optional(z.nullable(z.int())),
  threads_per_core: z.optional(z.nullable(z.number())),
  cpu_model: z.optional(z.nullable(z.string())),
  error: z.optional(z.nullable(z.string())),
  farm: z.optional(z.looseObject({
    user: z.nullable(z.string()),
    port: z.nullable(z.int()),
    weight: z.nullable(z.number()),
    threads: z.nullable(z.int()),
    boot_id: z.nullable(z.string()),
    /** Earlier host of the list on the same machine, or null. */
    same_machine_as: z.nullable(z.string()),
    cpus_allowed: z.nullable(z.int()),
    memory_bytes: z.nullable(z.int()),
    memory_available_bytes: z.nullable(z.int()),
    load_average: z.nullable(z.array(z.number())),
    kernel: z.nullable(z.string()),
    glibc: z.optional(z.nullable(z.string())),
    nextstat_path: z.nullable(z.string()),
    nextstat_version: z.nullable(z.string()),
    work_dir: z.nullable(z.string()),
    work_dir_free_bytes: z.nullable(z.int()),
    /** The host's clock minus this machine's, in seconds, accurate to half of round_trip_s. */
    clock_offset_s: z.nullable(z.number()),
    round_trip_s: z.nullable(z.number()),
  })),
});
export type HostStat = z.infer<typeof HostStat>;

/** Document that preflight --hosts-file writes and run --preflight-json reads. */
export const Preflight = z.looseObject({
  schema_version: z.literal(PREFLIGHT_SCHEMA),
  created_at_utc: z.string(),
  hosts_file: z.string(),
  stats: z.array(HostStat),
});
export type Preflight = z.infer<typeof Preflight>;
