import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { type FarmHost, hostKey } from "../../core/ssh/hosts_file.ts";
import type { HostShape } from "../../core/ssh/host_shape.ts";
import { attemptPath, removeAttempt } from "../shard/attempts.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";
import type { Begun, Place, ShardOrder, Verdict } from "../work/place.ts";
import type { Workbench } from "../shard/workbench.ts";
import { beginRemote } from "./begin_remote.ts";
import { endRemote, endSuperseded, LATE_FILES_S, settleRemote } from "./end_remote.ts";
import { Fetcher } from "./fetch_files.ts";
import type { CrewTalk } from "./crew_talk.ts";
import { HostHealth } from "./host_health.ts";
import type { HostLink } from "./link.ts";
import { RemoteShard, strand } from "./remote_shard.ts";
import { takeLine } from "./take_line.ts";
import { pauseFor } from "../machine/pause_for.ts";

/** A host behind ssh as a place where shards run. They run on when the connection drops, and are found again. */
export class HostPlace implements Place {
  readonly name: string;
  readonly shards = new Map<string, RemoteShard>();
  readonly health: HostHealth;
  #link: HostLink | undefined;
  #fetcher: Fetcher | undefined;
  #shape: HostShape | undefined;
  /** Since when nothing was heard of it, on this process's own clock. */
  #silent_since = performance.now();
  #keeping: Promise<void> = Promise.resolve();
  /** Whether the loop has ended, and no connection is needed any more. */
  #is_closing = false;
  /** Cuts a connection that is still being made then. */
  readonly #cut = new AbortController();

  constructor(readonly bench: Workbench, readonly host: FarmHost, readonly crew: CrewTalk) {
    this.name = hostKey(host);
    this.health = new HostHealth(this.name, crew);
  }

  async open(over: AbortSignal, changed: () => void): Promise<string[]> {
    this.health.watch(over, changed);
    over.addEventListener("abort", () => this.#leaveAll(), { once: true });
    if (over.aborted) return [];
    this.#keeping = this.#keep(over);
    while (!this.#shape && !over.aborted && !this.health.given_up) await this.health.change();
    return Array.from({ length: this.#shape?.slots ?? 0 }, (_, i) => `${this.name}:${i}`);
  }

  /** Keeps a connection as long as the loop goes on. */
  async #keep(over: AbortSignal): Promise<void> {
    while (!over.aborted && !this.health.given_up) {
      try {
        const link = await this.crew.connect(this.host, this.#cut.signal);
        if (this.#is_closing) return await this.#leave(link);
        if (this.#begin(link)) this.health.connected();
        const why = await link.listen((line) => takeLine(this, line, link));
        this.#end();
        if (over.aborted) return;
        this.crew.say(`${this.name}: ${why}; what was begun there goes on, and it is asked again`);
        await pauseFor(RECONNECT_MS, over);
      } catch (error) {
        if (over.aborted) return;
        await this.health.missed(errorText(error));
      }
    }
  }

  #begin(link: HostLink): boolean {
    this.#link = link;
    this.#fetcher = new Fetcher(link, this.bench.run.dir);
    if (!this.#shape) this.#shape = this.crew.shapeOf(this.name, this.host, link);
    for (const shard of this.#going()) {
      this.look(shard);
      if (shard.isUnwanted) this.crew.stopShard(shard, (signal) => this.#stop(shard, signal));
    }
    return this.#shape.slots > 0;
  }

  #end(): void {
    this.#link = undefined;
    this.#fetcher = undefined;
    this.#silent_since = performance.now();
    this.health.disconnected();
    if (!this.health.isOver) setTimeout(() => this.health.wake(), this.crew.lost_ms + 10);
  }

  giveUp(): void {
    this.health.given_up = true;
    this.#leaveAll();
    this.health.wake();
  }

  #leaveAll(): void {
    if (this.crew.isStopping && !this.health.given_up) return;
    for (const shard of this.#going()) shard.settle({ kind: "left" });
  }

  #going(): RemoteShard[] {
    return [...this.shards.values()].filter((shard) => !shard.ended);
  }

  /** Whether shards run here, as far as a connection that stands tells. */
  get isWorking(): boolean {
    return this.#link !== undefined && this.#going().length > 0;
  }

  isReady(): boolean {
    return this.#link !== undefined && this.isExpected();
  }

  isExpected(): boolean {
    return this.health.isGood && this.#shape?.slots !== 0;
  }

  slowest_ms(): undefined {
    return undefined;
  }

  owns({ host, user, port }: Plan): boolean {
    return this.crew.isStatic && hostKey({ name: host, user, port: port || null }) === this.name;
  }

  async ready(over: AbortSignal, slot: string): Promise<boolean> {
    while (!over.aborted && !this.health.given_up) {
      // After a fault one slot tries for all.
      if (this.isReady() && (!this.health.on_trial || slot === `${this.name}:0`)) return true;
      await this.health.change();
    }
    return false;
  }

  takeStranded(): { shard: number; attempt: number }[] {
    if (this.#link || performance.now() - this.#silent_since < this.crew.lost_ms) return [];
    return strand(this.#going());
  }

  start(order: ShardOrder): Promise<Begun | undefined> {
    const shard = beginRemote(this.bench, order, this.name, this.#link?.clock.clock_offset_s ?? null);
    if (!shard) return Promise.resolve(undefined);
    const { ids } = this.bench;
    const words = [
      shard.id,
      order.plan.shard_index,
      this.#shape?.threads ?? 1,
      ids.job_id,
      ids.submission_token,
      order.slot,
    ];
    this.#link?.send(`start ${words.join(" ")}`);
    return Promise.resolve(this.#follow(shard));
  }

  rejoin(plan: Plan, attempt: Attempt): Begun | undefined {
    if (attempt.remote?.host !== this.name) return undefined;
    const path = attemptPath(this.bench.run.dir, plan.shard_index, attempt.attempt);
    const shard = new RemoteShard(plan, { attempt, path, clock_offset_s: null });
    const begun = this.#follow(shard);
    // The driver that followed it may have died while this one was connected already.
    this.look(shard);
    return begun;
  }

  #follow(shard: RemoteShard): Begun {
    this.shards.set(shard.id, shard);
    const forget = this.crew.watchTime(shard, (signal) => this.#stop(shard, signal));
    return { gone: shard.gone, finish: () => this.#finish(shard).finally(forget) };
  }

  #stop(shard: RemoteShard, signal: "TERM" | "KILL"): void {
    this.#link?.send(`stop ${shard.id} ${signal}`);
  }

  look(shard: RemoteShard): void {
    this.#link?.send(`find ${shard.id} ${shard.plan.shard_index}`);
  }

  async #finish(shard: RemoteShard): Promise<ShardEnd> {
    const end = await shard.end;
    const result = end.kind === "ended" ? await this.#bring(shard) : endRemote(this.bench, shard, end);
    // Of what could not be asked the host keeps its files; what another process took in is dropped there.
    if (end.kind === "left" || (result.kind === "taken" && !this.#link)) return result;
    // What never began keeps its name there: a start that is still under way, from an earlier driver, finds it taken.
    if (end.kind !== "absent") this.#link?.send(`drop ${shard.id} ${shard.plan.shard_index}`);
    this.shards.delete(shard.id);
    return result;
  }

  /** Fetches an ended attempt's files, over the next connection when this one breaks. */
  async #bring(shard: RemoteShard): Promise<ShardEnd> {
    for (let tries = 1;; tries++) {
      try {
        const place = this.#link?.place;
        if (place === "transfer") await this.#fetcher?.fetch(shard.stem);
        if (place) return await settleRemote(this.bench, shard, place === "shared" ? LATE_FILES_S : 0);
      } catch (error) {
        if (error instanceof FarmError || tries >= MOST_TRIES) throw error;
        await pauseFor(RECONNECT_MS);
      }
      if (!this.#link && (this.health.isOver || this.health.given_up)) return { kind: "taken" };
      if (!this.#link) await this.health.change();
    }
  }

  judge(record: ShardRecord, failures: number, faults: number): Verdict {
    return this.health.judge(record, failures, faults);
  }

  praise(): void {
    this.health.praise();
  }

  /** Stops what is not wanted any more, and ends the connection, also one that is only being made. */
  async close(): Promise<void> {
    this.#is_closing = true;
    const link = this.#link;
    for (const shard of this.shards.values()) {
      if (!this.crew.isDone(shard.plan)) continue;
      this.#stop(shard, "KILL");
      if (link) removeAttempt(shard.open);
      else endSuperseded(this.bench, shard);
      this.shards.delete(shard.id);
    }
    if (link) await this.#leave(link);
    const timer = setTimeout(() => this.#cut.abort(), MOST_CONNECTING_MS);
    await this.#keeping;
    clearTimeout(timer);
  }

  /** Ends a connection; a whole run leaves nothing on the host. */
  async #leave(link: HostLink): Promise<void> {
    if (this.shards.size === 0 && this.crew.isLeavingNothing()) link.send("tidy");
    await link.close();
  }
}

const RECONNECT_MS = 500;
/** How long a connection that is still being made is waited for when the loop is over. */
const MOST_CONNECTING_MS = 2000;
/** How often files are fetched again that do not arrive whole. */
const MOST_TRIES = 20;
