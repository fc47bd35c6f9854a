import { randomBytes } from "node:crypto";
import { errorText, FarmError } from "../../core/errors.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import { LATE_FILES_S } from "../../core/shard_states.ts";
import type { HostShape } from "../../core/ssh/host_facts.ts";
import { hostKey } from "../../core/ssh/hosts_file.ts";
import { slotName } from "../../core/worker_backends.ts";
import { attemptPath, type OpenAttempt, removeAttempt } from "../shard/attempts.ts";
import type { JobContext } from "../shard/context.ts";
import type { ShardEnd } from "../shard/fit.ts";
import { readShard } from "../shard/read.ts";
import { beginShard } from "../shard/start.ts";
import { pauseFor } from "../system/process.ts";
import type { Assignment, Executor, StartedShard } from "../worker/executor.ts";
import { Fetcher } from "./fetch.ts";
import { type HealthCalls, HostHealth } from "./health.ts";
import type { HostLink } from "./link.ts";
import {
  endRemote,
  endSuperseded,
  giveUpShards,
  ingestRemote,
  RemoteShard,
  type StopRules,
  takeLine,
} from "./remote_shard.ts";
import { forgetFolder, hasFolder } from "./stage.ts";

const RECONNECT_MS = 500;
/** Time for a connection that is still being made when the loop ends. */
const MAX_CONNECTING_MS = 2000;
/** Time for a host whose folder of a whole run is to be removed. */
const MAX_REMOVING_MS = 5000;
/** Number of fetches of files that do not arrive whole. */
const MAX_FETCHES = 20;

interface HostOptions extends StopRules {
  host_retry_s: number;
  host_lost_s: number;
}

export interface PoolCalls extends HealthCalls {
  /** @param cut ends the connection while it is being made @throws {HostFault} */
  connect(cut: AbortSignal): Promise<HostLink>;
  /** Returns the slots of the host, when it is reached for the first time. */
  shapeOf(link: HostLink): HostShape;
  /** Returns whether no host needs any file of the run any more. */
  isLeavingNothing(): boolean;
}

/** A host behind ssh. Its shards continue when the connection drops, and are found again. */
export class SshHost extends HostHealth implements Executor {
  readonly shards = new Map<string, RemoteShard>();
  #link: HostLink | undefined;
  #fetcher: Fetcher | undefined;
  #shape: HostShape | undefined;
  /** When the host was last heard of, on this process's own clock. */
  #silent_since = performance.now();
  #changed: () => void = () => {};
  #keeping: Promise<void> = Promise.resolve();
  /** Whether the loop has ended, and no connection is needed any more. */
  #isClosing = false;
  /** Ends a connection that is still being made when the loop ends. */
  readonly #cut = new AbortController();

  /** @param peers all hosts of the pool, including this one */
  constructor(
    name: string,
    readonly context: JobContext,
    peers: readonly SshHost[],
    readonly options: HostOptions,
    override readonly pool: PoolCalls,
  ) {
    super(name, peers, options.host_retry_s, pool);
  }

  override changed(): void {
    super.changed();
    this.#changed();
  }

  async slots(over: AbortSignal, changed: () => void): Promise<string[]> {
    [this.over, this.#changed] = [over, changed];
    over.addEventListener("abort", () => {
      this.changed();
      this.#leaveAll();
    }, { once: true });
    if (over.aborted) return [];
    this.#keeping = this.#keep();
    while (!this.#shape && !this.isOver) await this.change();
    return Array.from({ length: this.#shape?.slots ?? 0 }, (_, i) => slotName(this.name, i));
  }

  /** Keeps a connection until the loop ends. */
  async #keep(): Promise<void> {
    while (!this.isOver) {
      try {
        const link = await this.pool.connect(this.#cut.signal);
        if (this.#isClosing) return void await this.#leave(link);
        this.#begin(link);
        const reason = await link.listen((line) => takeLine(this, line, link));
        this.#end();
        if (this.over.aborted) return;
        this.pool.note(`${this.name}: ${reason}; shards started there go on, and the host is tried again`);
        await pauseFor(RECONNECT_MS, this.over);
      } catch (error) {
        if (this.over.aborted) return;
        await this.setAside(errorText(error));
      }
    }
  }

  #begin(link: HostLink): void {
    this.#link = link;
    this.#fetcher = new Fetcher(link, this.context.run.dir);
    this.#shape ??= this.pool.shapeOf(link);
    for (const shard of this.#going()) {
      this.find(shard);
      if (shard.isUnwanted) shard.stop();
    }
    if (this.#shape.slots > 0) this.recordConnection();
  }

  #end(): void {
    this.#link = undefined;
    this.#fetcher = undefined;
    this.#silent_since = performance.now();
    this.changed();
    if (!this.over.aborted) setTimeout(() => this.changed(), this.options.host_lost_s * 1000 + 10);
  }

  override giveUp(): void {
    super.giveUp();
    this.#leaveAll();
    this.changed();
  }

  #leaveAll(): void {
    if (this.options.stop.aborted && !this.isGivenUp) return;
    for (const shard of this.#going()) shard.settle({ kind: "left" });
  }

  #going(): RemoteShard[] {
    return [...this.shards.values()].filter((shard) => !shard.ended);
  }

  /** Whether shards run here, by an open connection. */
  get isWorking(): boolean {
    return this.#link !== undefined && this.#going().length > 0;
  }

  isReady(): boolean {
    return this.#link !== undefined && this.isExpected();
  }

  override isExpected(): boolean {
    return super.isExpected() && this.#shape?.slots !== 0;
  }

  owns({ host, user, port, farm }: Plan): boolean {
    // A probe shows the time of its own host.
    if (farm?.probe) return farm.sized_for === this.name;
    const isStatic = this.context.run.manifest.farm.options["static"] === true;
    return isStatic && hostKey({ name: host, user, port: port || null }) === this.name;
  }

  async ready(slot: string): Promise<boolean> {
    while (!this.isOver) {
      // After a fault, one slot tries on behalf of all.
      if (this.isReady() && (!this.isOnTrial || slot === slotName(this.name, 0))) return true;
      await this.change();
    }
    return false;
  }

  takeStranded(): { shard: number; attempt: number }[] {
    if (this.#link || performance.now() - this.#silent_since < this.options.host_lost_s * 1000) return [];
    return giveUpShards(this.#going());
  }

  start({ plan, attempt }: Assignment, slot: string): Promise<StartedShard | undefined> {
    const remote = { host: this.name, clock_offset_s: this.#link?.clock.clock_offset_s ?? null };
    const attempt_token = `ssh-${randomBytes(8).toString("hex")}`;
    // The attempt file exists before the host gets the request.
    const open = beginShard(this.context, { plan, attempt, slot }, { attempt_token, remote });
    if (!open) return Promise.resolve(undefined);
    const { job_id, submission_token } = this.context.ids;
    const words = [attempt_token, plan.shard_index, this.#shape?.threads ?? 1, job_id, submission_token, slot];
    this.#link?.send(`start ${words.join(" ")}`);
    return Promise.resolve(this.#follow(this.#shardOf(plan, open)));
  }

  /** Follows an attempt that an earlier loop started here; undefined: it is not of this host. */
  rejoin(plan: Plan, attempt: Attempt): StartedShard | undefined {
    if (attempt.remote?.host !== this.name) return undefined;
    const path = attemptPath(this.context.run.dir, plan.shard_index, attempt.attempt);
    const shard = this.#shardOf(plan, { attempt, path, clock_offset_s: null });
    const started = this.#follow(shard);
    // The driver that followed it may have died after this one had connected.
    this.find(shard);
    return started;
  }

  #shardOf(plan: Plan, open: OpenAttempt): RemoteShard {
    const { attempt_token } = open.attempt;
    return new RemoteShard(plan, open, (signal) => this.#link?.send(`stop ${attempt_token} ${signal}`));
  }

  #follow(shard: RemoteShard): StartedShard {
    this.shards.set(shard.id, shard);
    const forget = shard.stopBy(this.options);
    return { gone: shard.gone, finish: () => this.#finish(shard).finally(forget) };
  }

  find(shard: RemoteShard): void {
    this.#link?.send(`find ${shard.id} ${shard.plan.shard_index}`);
  }

  async #finish(shard: RemoteShard): Promise<ShardEnd> {
    const end = await shard.end;
    const result = end.kind === "ended" ? await this.#bring(shard) : endRemote(this.context, shard, end);
    // The host keeps the files of attempts that could not be fetched, and drops those that another process has
    // ingested.
    if (end.kind === "left" || (result.kind === "taken" && !this.#link)) return result;
    // An attempt that never started keeps its name there, so that a delayed start by an earlier driver finds it used.
    if (end.kind !== "absent") this.#link?.send(`drop ${shard.id} ${shard.plan.shard_index}`);
    this.shards.delete(shard.id);
    return result;
  }

  /** Fetches an ended attempt's files, over the next connection when this one breaks. */
  async #bring(shard: RemoteShard): Promise<ShardEnd> {
    for (let tries = 1;; tries++) {
      try {
        const mode = this.#link?.mode;
        if (mode === "transfer") await this.#fetcher?.fetch(shard.stem);
        if (mode) return await ingestRemote(this.context, shard, mode === "shared" ? LATE_FILES_S : 0);
      } catch (error) {
        if (error instanceof FarmError || tries >= MAX_FETCHES) throw error;
        await pauseFor(RECONNECT_MS);
      }
      if (!this.#link && this.isOver) return { kind: "taken" };
      if (!this.#link) await this.change();
    }
  }

  /** Stops unneeded shards and ends the connection, also one that is still being made. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const link = this.#link;
    const { dir, manifest } = this.context.run;
    for (const shard of this.shards.values()) {
      if (readShard(dir, manifest, shard.plan).kind !== "done") continue;
      shard.signal("KILL");
      if (link) removeAttempt(shard.open);
      else endSuperseded(this.context, shard);
      this.shards.delete(shard.id);
    }
    const isWhole = link ? await this.#leave(link) : null;
    const timer = setTimeout(() => this.#cut.abort(), MAX_CONNECTING_MS);
    await this.#keeping;
    clearTimeout(timer);
    if (isWhole !== false) await this.#removeFolder();
  }

  /** Removes the folder that stayed on the host when a connection broke, or an earlier driver could not remove it. */
  async #removeFolder(): Promise<void> {
    const { dir } = this.context.run;
    if (!hasFolder(dir, this.name) || this.options.stop.aborted || !this.pool.isLeavingNothing()) return;
    const late = AbortSignal.timeout(MAX_REMOVING_MS);
    await this.pool.connect(late).then((link) => this.#leave(link)).catch(() => {}); // the check below reports a failure
    if (!hasFolder(dir, this.name)) return;
    this.pool.note(
      `${this.name}: the run's folder is still there; repeat the command when the host answers to remove it`,
    );
  }

  /** Ends a connection; nothing of a whole run stays on the host. @returns whether the run is whole */
  async #leave(link: HostLink): Promise<boolean> {
    const isWhole = this.shards.size === 0 && this.pool.isLeavingNothing();
    if (isWhole) link.send("tidy");
    if (await link.close() && isWhole) forgetFolder(this.context.run.dir, this.name);
    return isWhole;
  }
}
