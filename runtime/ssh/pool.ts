import { livePlans } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import { type HostShape, hostShape } from "../../core/ssh/host_facts.ts";
import { type FarmHost, hostKey } from "../../core/ssh/hosts_file.ts";
import { preflightCommand } from "../../core/ssh/ssh_flags.ts";
import ssh from "../../schedulers/ssh.ts";
import { readHosts } from "../run/hosts_file.ts";
import { loadFarmRun } from "../run/load_manifest.ts";
import { noteNodeFaults } from "../run/node_journal.ts";
import { listWorkers } from "../run/workers.ts";
import { renewFiles } from "../scheduler/renew_files.ts";
import { attemptPath } from "../shard/attempts.ts";
import type { JobContext } from "../shard/context.ts";
import type { ShardEnd } from "../shard/fit.ts";
import { readShard } from "../shard/read.ts";
import type { ExecutorPool, StartedShard, WorkEvent } from "../worker/executor.ts";
import type { LoopRequest } from "../worker/run.ts";
import { SshHost } from "./host.ts";
import type { HostLink } from "./link.ts";
import { type RunOptions, runOptions } from "./preflight.ts";
import { endSuperseded, giveUpShards, RemoteShard } from "./remote_shard.ts";
import { openControlFolder, openLink } from "./stage.ts";

/** Consecutive failures after which a host is given up; one failure for a host that was never usable. */
const MAX_MISSES = 3;

interface Connector {
  /** @param index of the host @throws {HostFault} */
  connect(host: FarmHost, index: number, cut: AbortSignal): Promise<HostLink>;
  /** Removes the files of all connections. */
  remove(): void;
}

export class HostPool implements ExecutorPool {
  readonly executors: SshHost[] = [];
  /** The first name of each machine. */
  readonly #machines = new Map<string, string>();
  /**
   * Attempts on hosts that the hosts file no longer names, or names differently. These hosts cannot be queried, so
   * their shards are rerun elsewhere after a while, like those of a silent host.
   */
  readonly #departed: RemoteShard[] = [];
  readonly #since_ms = performance.now();
  #timer: number | undefined;

  constructor(
    readonly context: JobContext,
    hosts: readonly FarmHost[],
    readonly options: RunOptions,
    /** The loop of this pool: its name, and whether running shards are to be stopped. */
    readonly loop: Pick<LoopRequest, "token" | "drain" | "stop">,
    readonly notify: (event: WorkEvent) => void,
    readonly connector: Connector,
  ) {
    const { stop, drain = false } = loop;
    for (const [index, host] of hosts.entries()) {
      const calls = {
        connect: (cut: AbortSignal) => connector.connect(host, index, cut),
        shapeOf: (link: HostLink) => this.#shapeOf(host, link),
        note: (message: string) => this.#note(message),
        giveUpIfHopeless: () => this.#giveUpIfHopeless(),
        isLeavingNothing: () => this.#isLeavingNothing(),
      };
      this.executors.push(new SshHost(hostKey(host), context, this.executors, { ...options, stop, drain }, calls));
    }
  }

  get slots(): number {
    return this.executors.length;
  }

  get #lost_ms(): number {
    return this.options.host_lost_s * 1000;
  }

  watch(changed: () => void): void {
    this.#timer = setTimeout(changed, this.#lost_ms + 10);
  }

  rejoin(plan: Plan, attempt: Attempt, isOrphan: boolean): { executor: string; started: StartedShard } | undefined {
    for (const host of this.executors) {
      const started = host.rejoin(plan, attempt);
      if (started) return { executor: host.name, started };
    }
    if (!attempt.remote || !isOrphan) return undefined;
    const path = attemptPath(this.context.run.dir, plan.shard_index, attempt.attempt);
    const shard = new RemoteShard(plan, { attempt, path, clock_offset_s: null });
    this.#departed.push(shard);
    const finish = () => Promise.resolve<ShardEnd>({ kind: "taken" });
    return { executor: attempt.remote.host, started: { gone: shard.gone, finish } };
  }

  takeStranded(): { shard: number; attempt: number }[] {
    const isLost = performance.now() - this.#since_ms >= this.#lost_ms;
    return [...this.executors.flatMap((host) => host.takeStranded()), ...(isLost ? giveUpShards(this.#departed) : [])];
  }

  /** Whether the run is whole, as checked when the first host is left: a check reads all shards. */
  #is_whole: boolean | undefined;

  /** Whether the run is whole and no other loop works on it. */
  #isLeavingNothing(): boolean {
    const { known, unknown } = listWorkers(this.context.run.dir);
    if ([...known, ...unknown].some(({ token }) => token !== this.loop.token)) return false;
    return this.#is_whole ??= this.#isWhole();
  }

  /** Reads the manifest anew: the run may have been extended since this loop started. */
  #isWhole(): boolean {
    const { dir, manifest_path } = this.context.run;
    const { manifest } = loadFarmRun(manifest_path);
    // The next command on this run ingests an output without its record, without the host.
    return livePlans(manifest).every((plan) => ["done", "uncommitted"].includes(readShard(dir, manifest, plan).kind));
  }

  #note(message: string): void {
    this.notify({ kind: "executor", message });
  }

  /** Returns the slots of a host; none for a second name of the same machine. */
  #shapeOf(host: FarmHost, { facts, mode }: HostLink): HostShape {
    const name = hostKey(host);
    const first = this.#machines.get(facts.boot_id ?? name);
    if (first !== undefined) {
      this.#note(`${name} is the same machine as ${first}: it gets no slots`);
      return { slots: 0, threads: 1 };
    }
    this.#machines.set(facts.boot_id ?? name, name);
    const shape = hostShape(host, facts, this.options.threads ?? this.context.run.manifest.threads);
    const where = mode === "shared" ? "sharing the run directory" : `files in ${facts.base_dir}`;
    this.#note(`${name}: ${plural(shape.slots, "slot")} x ${plural(shape.threads, "thread")}, ${where}`);
    return shape;
  }

  get #isReached(): boolean {
    return this.executors.some(({ isReached }) => isReached);
  }

  get #faults(): string {
    return this.executors.flatMap(({ name, fault }) => fault === null ? [] : `${name}: ${fault}`).join("; ");
  }

  #giveUpIfHopeless(): boolean {
    const most = this.#isReached ? MAX_MISSES : 1;
    if (!this.executors.every((host) => host.misses >= most && !host.isWorking)) return false;
    if (this.#isReached) this.notify({ kind: "given_up", why: `no host can be used: ${this.#faults}` });
    for (const host of this.executors) host.giveUp();
    return true;
  }

  /** Records the hosts that cannot be used at the end, while others can: otherwise it may be this machine's fault. */
  #noteFaulty(): void {
    const faulty = this.executors.filter(({ fault, misses }) => fault !== null && misses > 0);
    if (this.loop.stop.aborted || faulty.length === this.executors.length) return;
    const faults = faulty.map(({ name, fault }) =>
      ({ node: name, cause: "unreachable", what: fault ?? "", at_utc: null }) as const
    );
    noteNodeFaults(this.context.run, faults);
  }

  /** Closes all hosts. @throws {FarmError} unreachable, when no host could be used */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const { dir, manifest } = this.context.run;
    // Shards that no other host has done may still run there.
    for (const shard of this.#departed) {
      if (readShard(dir, manifest, shard.plan).kind === "done") endSuperseded(this.context, shard);
    }
    await Promise.all(this.executors.map((host) => host.close()));
    this.connector.remove();
    this.#noteFaulty();
    if (this.#isReached || this.loop.stop.aborted || this.executors.some(({ fault }) => fault === null)) return;
    const next = `${preflightCommand(this.context.run.manifest.farm.options)} checks each host`;
    throw new FarmError("unreachable", `Cannot use any host: ${this.#faults}`, next);
  }
}

/** Opens the hosts in the run's present hosts file. @throws {FarmError} input */
export async function openHostPool(
  context: JobContext,
  loop: LoopRequest,
  notify: (event: WorkEvent) => void,
): Promise<ExecutorPool> {
  const { run } = context;
  const options = runOptions(run.manifest.run_id, run.manifest.farm.options);
  // The wrapper knows shards by their number, and toys may have been cut into shards since it was written.
  if (run.manifest.farm.shard_minutes !== undefined) renewFiles(run, ssh, {});
  const { hosts, warnings } = readHosts(options.hosts_file);
  for (const words of warnings) notify({ kind: "executor", message: `warning: ${words}` });
  const control = await openControlFolder(context.machine);
  const order = { run, ...options, sharing: run.manifest.farm.mode === "shared" };
  return new HostPool(context, hosts, options, loop, notify, {
    connect: (host, index, cut) => openLink(host, control.socket(index), order, cut),
    remove: control.remove,
  });
}
