import type { Plan } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { livePlans } from "../../core/check_manifest.ts";
import { plural } from "../../core/format.ts";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import { type HostShape, hostShape, type ThreadPolicy } from "../../core/ssh/host_shape.ts";
import { loadFarmRun } from "../run/load_manifest.ts";
import { updateAttempt } from "../shard/attempts.ts";
import { readShard } from "../shard/read_shard.ts";
import type { WorkEvent } from "../work/work_event.ts";
import { listWorkers } from "../work/workers.ts";
import type { Crew, LoopOrder } from "../work/work_run.ts";
import type { Workbench } from "../shard/workbench.ts";
import { type ControlFolder, openControlFolder } from "./control_folder.ts";
import type { CrewTalk } from "./crew_talk.ts";
import { openLink } from "./host_link.ts";
import type { HostLink, LinkOrder } from "./link.ts";
import { DepartedHosts } from "./departed_hosts.ts";
import { HostPlace } from "./host_place.ts";
import { readHosts } from "./read_hosts.ts";
import type { RemoteShard } from "./remote_shard.ts";
import { type RunOptions, runOptions } from "./run_options.ts";

/** Seconds between the polite and the final signal to a shard. */
const GRACE_S = 5;

/** The hosts of a run, and what they have in common. */
export class HostCrew implements CrewTalk {
  readonly places: HostPlace[];
  reached = false;
  done = 0;
  readonly #machines = new Map<string, string>();
  readonly #faults = new Map<string, string>();

  constructor(
    readonly bench: Workbench,
    hosts: readonly FarmHost[],
    readonly options: RunOptions,
    readonly control: ControlFolder,
    readonly stop: AbortSignal,
    readonly tell: (event: WorkEvent) => void,
    /** The loop that this is of: its name, and whether what goes on is to be stopped. */
    readonly loop: Pick<LoopOrder, "token" | "drain">,
  ) {
    this.places = hosts.map((host) => new HostPlace(bench, host, this));
  }

  get isStatic(): boolean {
    return this.bench.run.manifest.farm.options["static"] === true;
  }

  get retry_s(): number {
    return this.options.host_retry_s;
  }

  get lost_ms(): number {
    return this.options.host_lost_s * 1000;
  }

  get isStopping(): boolean {
    return this.stop.aborted;
  }

  /** The manifest is read anew: the run may have been extended since this loop began. */
  isLeavingNothing(): boolean {
    const { dir, manifest_path } = this.bench.run;
    const { known, unknown } = listWorkers(dir);
    if ([...known, ...unknown].some(({ token }) => token !== this.loop.token)) return false;
    const { manifest } = loadFarmRun(manifest_path);
    return livePlans(manifest).every((plan) => readShard(dir, manifest, plan).kind === "done");
  }

  isDone(plan: Plan): boolean {
    return readShard(this.bench.run.dir, this.bench.run.manifest, plan).kind === "done";
  }

  say(words: string): void {
    this.tell({ kind: "place", words });
  }

  connect(host: FarmHost, cut: AbortSignal): Promise<HostLink> {
    const { run } = this.bench;
    const order: LinkOrder = { run, ...this.options, sharing: run.manifest.farm.mode === "shared" };
    const index = this.places.findIndex((place) => place.host === host);
    return openLink(host, this.control.socket(index), order, cut);
  }

  get size(): number {
    return this.places.length;
  }

  shapeOf(name: string, host: FarmHost, { facts, place }: HostLink): HostShape {
    const first = this.#machines.get(facts.boot_id ?? name);
    if (first !== undefined) {
      this.say(`${name} is the same machine as ${first}: it gets no slots of its own`);
      return { slots: 0, threads: 1 };
    }
    this.#machines.set(facts.boot_id ?? name, name);
    const shape = hostShape(host, facts, this.policy);
    const where = place === "shared" ? "in the run directory" : `in ${facts.base_dir}`;
    this.say(`${name}: ${plural(shape.slots, "slot")} of ${plural(shape.threads, "thread")}, ${where}`);
    return shape;
  }

  get policy(): ThreadPolicy {
    return this.options.threads ?? this.bench.run.manifest.threads;
  }

  hasExpectedPlace(): boolean {
    return this.places.some((place) => place.isExpected());
  }

  missed(name: string, why: string): void {
    this.#faults.set(name, why);
  }

  giveUpIfHopeless(): boolean {
    if (!this.places.every((place) => place.health.isHopeless && !place.isWorking)) return false;
    const why = [...this.#faults].map(([name, fault]) => `${name}: ${fault}`).join("; ");
    if (this.reached) this.tell({ kind: "given_up", why: `no host can be used: ${why}` });
    for (const place of this.places) place.giveUp();
    return true;
  }

  watchTime(shard: RemoteShard, signal: (name: "TERM" | "KILL") => void): () => void {
    const timers: number[] = [];
    const end = () => {
      this.stopShard(shard, signal);
      // A host that cannot be reached does not keep a loop that was told to stop.
      timers.push(setTimeout(() => shard.ended || shard.settle({ kind: "left" }), 2 * GRACE_S * 1000));
    };
    const late = () => {
      const { remote } = shard.open.attempt;
      if (remote) updateAttempt(shard.open, { remote: { ...remote, stopped_for: "time" } });
      this.stopShard(shard, signal);
    };
    if (this.options.time_limit_s !== null) timers.push(setTimeout(late, this.options.time_limit_s * 1000));
    if (this.stop.aborted) end();
    else if (this.loop.drain) this.stopShard(shard, signal);
    this.stop.addEventListener("abort", end, { once: true });
    return () => {
      for (const timer of timers) clearTimeout(timer);
      this.stop.removeEventListener("abort", end);
    };
  }

  stopShard(shard: RemoteShard, signal: (name: "TERM" | "KILL") => void): void {
    shard.isUnwanted = true;
    signal("TERM");
    const timer = setTimeout(() => signal("KILL"), GRACE_S * 1000);
    shard.gone.then(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await Promise.all(this.places.map((place) => place.close()));
    this.control.remove();
    if (this.reached || this.stop.aborted || this.#faults.size < this.places.length) return;
    const why = [...this.#faults].map(([name, fault]) => `${name}: ${fault}`).join("; ");
    throw new FarmError(
      "unreachable",
      `Cannot use any host: ${why}`,
      "nsfarm-deno preflight --hosts-file looks at all",
    );
  }
}

/** The hosts that the run's hosts file names now. @throws {FarmError} input */
export async function gatherHosts(
  bench: Workbench,
  loop: LoopOrder,
  tell: (event: WorkEvent) => void,
): Promise<Crew> {
  const options = runOptions(bench.run.manifest.run_id, bench.run.manifest.farm.options);
  const { hosts, warnings } = readHosts(options.hosts_file);
  for (const words of warnings) tell({ kind: "place", words: `warning: ${words}` });
  const control = await openControlFolder(bench.machine);
  const crew = new HostCrew(bench, hosts, options, control, loop.stop, tell, loop);
  const departed = new DepartedHosts(bench, crew.lost_ms);
  return { places: [...crew.places, departed], slots: hosts.length, close: () => crew.close() };
}
