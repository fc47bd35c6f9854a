import { type HostStat, Preflight } from "../../core/contracts/preflight.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { splitByWeight } from "../../core/split.ts";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import { readDocument } from "../disk/read_file.ts";
import type { RunRequest } from "../../core/run_request.ts";
import { preflightHosts } from "./preflight_hosts.ts";
import { readHosts } from "./read_hosts.ts";
import { runOptions } from "./run_options.ts";

const JOBS = 32;

/**
 * With --static: one share of the toys for each host, by its line's weight, else by its cores.
 * @throws {FarmError} input, for a preflight document that cannot be read
 */
export async function withShares(request: RunRequest): Promise<RunRequest> {
  if (request.options["static"] !== true) return request;
  const options = runOptions(request.run_id, request.options);
  const file = readHosts(options.hosts_file);
  const mode = request.options["weight-mode"];
  const asked = mode !== "uniform" && file.hosts.some(({ weight }) => weight === null);
  const stats = !asked ? [] : (await knownHosts(request, options, file)).stats;
  const weights = file.hosts.map((host) =>
    weightOf(host, stats, mode === "logical" ? "logical_cores" : "physical_cores")
  );
  const shares = splitByWeight(request.n_toys, weights).flatMap(({ start, count, index }) => {
    const host = file.hosts[index];
    const weight = weights[index] ?? 1;
    return host ? [{ start, count, at: { host: host.name, user: host.user, port: host.port ?? 0, weight } }] : [];
  });
  return { ...request, shares, shards: shares.length };
}

async function knownHosts(
  request: RunRequest,
  options: ReturnType<typeof runOptions>,
  file: ReturnType<typeof readHosts>,
): Promise<Preflight> {
  const path = request.options["preflight-json"];
  if (typeof path !== "string") {
    const order = { base: options.base, nextstat: "nextstat", timeout_s: options.settings.connect_timeout_s + 5 };
    return await preflightHosts(options.hosts_file, file, options.settings, { ...order, jobs: JOBS });
  }
  try {
    return readDocument(path, Preflight);
  } catch (error) {
    throw new FarmError("input", `Cannot use the preflight "${path}": it ${errorText(error)}`);
  }
}

/** 1 where nothing is known of a host. */
function weightOf(host: FarmHost, stats: readonly HostStat[], cores: "logical_cores" | "physical_cores"): number {
  const isIt = (one: HostStat) =>
    one.host === host.name && (!one.farm || (one.farm.user === host.user && one.farm.port === host.port));
  return host.weight ?? (stats.find((one) => one.ok && isIt(one))?.[cores] || 1);
}
