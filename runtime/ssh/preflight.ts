import { type ProbePlace, QUEUED_PROBES } from "../../core/cut_by_time.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { durationSeconds, optionValues } from "../../core/flags.ts";
import type { RunRequest } from "../../core/request.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { type HostStat, Preflight } from "../../core/schema/preflight.ts";
import { hostShape, THREAD_POLICIES, type ThreadPolicy } from "../../core/ssh/host_facts.ts";
import { type FarmHost, hostKey, type HostsFile } from "../../core/ssh/hosts_file.ts";
import { preflightDocument, type ProbedHost } from "../../core/ssh/preflight.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { SSH_FLAGS, sshSettings } from "../../core/ssh/ssh_flags.ts";
import { splitByWeight } from "../../core/toys.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { readDocument } from "../fs/read.ts";
import { readHosts } from "../run/hosts_file.ts";
import { localShape } from "../system/allocation.ts";
import { inspectMachine } from "../system/machine.ts";
import { type LinkOptions, probeHost, type ProbeOrder } from "./link.ts";
import { openControlFolder } from "./stage.ts";

/** Probes all hosts, `jobs` at a time; the answers are in their order. */
export async function preflightHosts(
  hosts_file: string,
  { hosts }: HostsFile,
  settings: SshSettings,
  order: ProbeOrder & { jobs: number },
): Promise<Preflight> {
  const folder = await openControlFolder(await inspectMachine());
  try {
    const probed: ProbedHost[] = [];
    let next = 0;
    const takeHosts = async () => {
      for (let i = next++; i < hosts.length; i = next++) {
        const host = hosts[i];
        if (host) probed[i] = await probeHost(host, settings, folder.socket(i), order);
      }
    };
    await Promise.all(Array.from({ length: Math.min(order.jobs, hosts.length) }, takeHosts));
    return preflightDocument(hosts_file, probed, new Date().toISOString());
  } finally {
    folder.remove();
  }
}

/** The options of the scheduler ssh, as a run keeps them. */
export interface RunOptions extends Omit<LinkOptions, "run" | "sharing"> {
  hosts_file: string;
  host_retry_s: number;
  host_lost_s: number;
  time_limit_s: number | null;
  /** Where --threads was a word; null: it was a number. */
  threads: ThreadPolicy | null;
}

/** Returns the ssh options of a run. @throws {FarmError} usage, for a run without a hosts file */
export function runOptions(run_id: string, options: FarmManifest["farm"]["options"]): RunOptions {
  if (options["hosts-file"] === undefined) {
    throw new FarmError("usage", `Cannot run "${run_id}" on hosts: it was rendered without a hosts file`);
  }
  const flags = optionValues(SSH_FLAGS, options);
  return {
    hosts_file: flags.hostsFile,
    settings: sshSettings(flags, Math.ceil(flags.connectTimeoutS)),
    base: flags.remoteBaseDir,
    remote_nextstat: flags.remoteNextstatBin ?? null,
    setup_timeout_s: flags.commandTimeoutS,
    host_retry_s: flags.hostRetryS,
    host_lost_s: flags.hostLostS,
    time_limit_s: flags.sshTime === undefined ? null : durationSeconds("--ssh-time")(flags.sshTime),
    threads: THREAD_POLICIES.find((word) => word === options["threads-policy"]) ?? null,
  };
}

const JOBS = 32;

/**
 * Returns the request with one share of the toys for each host (--static), by its line's weight, else by its cores.
 * @throws {FarmError} input, for a preflight document that cannot be read
 */
export async function withShares(request: RunRequest): Promise<RunRequest> {
  if (request.options["static"] !== true) return request;
  const options = runOptions(request.run_id, request.options);
  const file = readHosts(options.hosts_file);
  const mode = request.options["weight-mode"];
  const needsCores = mode !== "uniform" && file.hosts.some(({ weight }) => weight === null);
  const stats = !needsCores ? [] : (await knownHosts(request, options, file)).stats;
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

/**
 * Returns the request with the places of its probes (--shard-minutes): each slot of this machine or of the hosts, since
 * fits that run side by side slow each other down; some in a scheduler's queue, where the slots are not known.
 */
export async function withProbes(request: RunRequest, { slots_on }: Pick<Backend, "slots_on">): Promise<RunRequest> {
  if (request.shard_minutes === null) return request;
  if (slots_on === "hosts") return { ...request, probes: await hostProbes(request) };
  const { threads, options } = request;
  const slots = slots_on === "machine" ? localShape({ threads, farm: { options } }, null).slots : QUEUED_PROBES;
  return { ...request, probes: [{ executor: null, slots }] };
}

/** Returns the slots of each host; one for a host that is not reached now. */
async function hostProbes(request: RunRequest): Promise<ProbePlace[]> {
  const options = runOptions(request.run_id, request.options);
  const file = readHosts(options.hosts_file);
  const { stats } = await knownHosts(request, options, file);
  return file.hosts.map((host) => {
    const known = stats.find((one) => one.ok && isStatOf(one, host));
    const { physical_cores = null, logical_cores = null, farm } = known ?? {};
    const facts = {
      cpus_physical: physical_cores,
      cpus_logical: logical_cores,
      cpus_allowed: farm?.cpus_allowed ?? null,
    };
    return {
      executor: hostKey(host),
      slots: known ? hostShape(host, facts, options.threads ?? request.threads).slots : 1,
    };
  });
}

const isStatOf = (one: HostStat, host: FarmHost): boolean =>
  one.host === host.name && (!one.farm || (one.farm.user === host.user && one.farm.port === host.port));

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

/** Returns the weight of a host; 1 where nothing is known about it. */
function weightOf(host: FarmHost, stats: readonly HostStat[], cores: "logical_cores" | "physical_cores"): number {
  return host.weight ?? (stats.find((one) => one.ok && isStatOf(one, host))?.[cores] || 1);
}
