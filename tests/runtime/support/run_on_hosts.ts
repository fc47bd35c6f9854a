import type { FarmManifest } from "../../../core/schema/manifest.ts";
import type { FarmHost } from "../../../core/ssh/hosts_file.ts";
import type { HostLink } from "../../../runtime/ssh/link.ts";
import { HostPool } from "../../../runtime/ssh/pool.ts";
import type { WorkEvent, WorkReport } from "../../../runtime/worker/executor.ts";
import { runWorkLoop } from "../../../runtime/worker/run.ts";
import { contextOf, MACHINE } from "./context.ts";
import type { FakeHost } from "./fake_host.ts";

export interface LoopChange {
  stop?: AbortSignal;
  host_retry_s?: number;
  host_lost_s?: number;
  time_limit_s?: number;
  drain?: boolean;
}

const OPTIONS = {
  ...{ hosts_file: "hosts", base: "~", remote_nextstat: null, setup_timeout_s: 60, threads: null },
  settings: { user: null, port: null, key: null, config: null, connect_timeout_s: 5, accept_new: false },
};
const LOOP = {
  token: "00000000000000aa",

  retry_failed: true,
  scatter: false,
  speculate: false,
  drain: false,
};

/**
 * Runs a worker loop on fake hosts, until it ends by itself.
 * @param printed gets what the loop tells of hosts
 */
export async function runOnHosts(
  manifest: FarmManifest,
  fakes: readonly FakeHost[],
  { stop = new AbortController().signal, host_retry_s = 2, host_lost_s = 600, time_limit_s, drain = false }: LoopChange,
  printed: string[],
): Promise<WorkReport> {
  const context = contextOf(manifest.run_dir, manifest, {
    ...MACHINE,
    processes: { aliveOf: () => Promise.resolve(new Set()), findByArgument: () => Promise.resolve([]) },
  });
  const notify = (event: WorkEvent) => {
    if (event.kind === "executor") printed.push(event.message);
    if (event.kind === "given_up") printed.push(`given up: ${event.why}`);
  };
  const connect = (host: FarmHost, _index: number, cut: AbortSignal): Promise<HostLink> =>
    new Promise((resolve, reject) => {
      cut.addEventListener("abort", () => reject(new Error("it was cut")));
      fakes.find(({ farm_host }) => farm_host === host)?.connect().then(resolve, reject);
    });
  const options = { ...OPTIONS, host_retry_s, host_lost_s, time_limit_s: time_limit_s ?? null };
  const loop = { ...LOOP, stop, drain };
  const hosts = fakes.map(({ farm_host }) => farm_host);
  const pool = new HostPool(context, hosts, options, loop, notify, { connect, remove: () => {} });
  const report = await runWorkLoop(context, pool, { ...loop, beat_interval_s: 40 }, notify);
  await pool.close();
  return report;
}
