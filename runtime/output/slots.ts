import * as z from "../../core/schema/zod.ts";
import { openCpus } from "../../core/describe_limits.ts";
import { FarmError } from "../../core/errors.ts";
import type { HostSlots } from "../../core/plan/predict.ts";
import { HostStat, PREFLIGHT_SCHEMA } from "../../core/schema/preflight.ts";
import { explainRead, readDocument } from "../fs/read.ts";
import { loadAdapter } from "../scheduler/adapters.ts";
import { queryLimits } from "../scheduler/drive.ts";

/** The part of a preflight document that a plan needs. */
const Preflight = z.looseObject({
  schema_version: z.literal(PREFLIGHT_SCHEMA),
  stats: z.array(z.pick(HostStat, { host: true, ok: true, physical_cores: true, logical_cores: true })),
});

/**
 * Returns the slots of the usable hosts of a preflight: one for each physical core, or for `threads` cores.
 * @throws {FarmError} input, when it is no preflight, or has no core counts
 */
export function preflightSlots(path: string, threads: number): HostSlots[] {
  const next = "Make one with nsfarm-deno preflight --out";
  const { stats } = explainRead("the preflight", path, next, () => readDocument(path, Preflight));
  const hosts = stats.flatMap(({ host, ok, physical_cores, logical_cores }) => {
    const cores = physical_cores ?? logical_cores ?? null;
    return ok && cores !== null ? [{ host, slots: Math.floor(cores / Math.max(1, threads)) }] : [];
  });
  if (hosts.some(({ slots }) => slots > 0)) return hosts;
  throw new FarmError(
    "input",
    `Cannot plan with the preflight "${path}": none of its hosts is usable and has known cores`,
  );
}

/** Returns the CPUs that a scheduler's probe reports. @throws {FarmError} unreachable, when it reports none */
export async function probedCpus(scheduler: string): Promise<number> {
  const adapter = await loadAdapter(scheduler, { what: `--probe "${scheduler}"`, kind: "usage" });
  const cpus = openCpus((await queryLimits(adapter)).places ?? []);
  if (cpus > 0) return cpus;
  throw new FarmError(
    "unreachable",
    `Cannot plan for ${adapter.name}: its probe reports no CPUs`,
    "Run this on a machine that can submit to it, or give --slots N",
  );
}
