import { orElse } from "../../core/errors.ts";
import { FULL_DISK_KB } from "../../core/failure.ts";
import { lostRecord } from "../../core/record.ts";
import { attemptStem } from "../../core/run_paths.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { type OpenAttempt, readAttempt, removeAttempt, updateAttempt } from "../shard/attempts.ts";
import type { Committed } from "../shard/commit.ts";
import type { JobContext } from "../shard/context.ts";
import type { ShardEnd } from "../shard/fit.ts";
import { recoverAttempt } from "../shard/ingest.ts";
import { readShard } from "../shard/read.ts";
import { GRACE_S } from "../shard/start.ts";
import { pauseFor } from "../system/process.ts";
import type { HostLink } from "./link.ts";

/** How an attempt on a host ended, by the host's report. */
type RemoteEnd =
  /** Its files are whole there. */
  | { kind: "ended" }
  /** It never started, and will not. */
  | { kind: "absent" }
  /** Its process disappeared without recording its end. */
  | { kind: "dead"; free_kb: number | null; message: string }
  /** The loop is over, and the host did not report. */
  | { kind: "left" };

type Signal = "TERM" | "KILL";

/** When the shards of a loop are stopped. */
export interface StopRules {
  /** Time limit of each shard here, in seconds; null: none. */
  time_limit_s: number | null;
  /** Whether running shards are stopped at once. */
  drain: boolean;
  /** Stops the loop. */
  stop: AbortSignal;
}

/** An attempt on a host, as its driver sees it. */
export class RemoteShard {
  readonly #end = Promise.withResolvers<RemoteEnd>();
  readonly #gone = Promise.withResolvers<void>();
  /** How often the host reported that it is about to start. */
  starting = 0;
  ended = false;
  /** Whether it is to be stopped: repeated on each new connection, since a signal is lost with its connection. */
  isUnwanted = false;
  /** Whether its shard was given to others because its host was silent. */
  isStranded = false;

  /** @param signal signals the attempt over the present connection */
  constructor(readonly plan: Plan, readonly open: OpenAttempt, readonly signal: (name: Signal) => void = () => {}) {}

  /** Its name on its host. */
  get id(): string {
    return this.open.attempt.attempt_token;
  }

  get stem(): string {
    return attemptStem(this.plan.shard_index, this.id);
  }

  get end(): Promise<RemoteEnd> {
    return this.#end.promise;
  }

  /** Resolves when its fit has ended, or it is over: others may use its cores. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  free(): void {
    this.#gone.resolve();
  }

  settle(end: RemoteEnd): void {
    this.ended = true;
    this.free();
    this.#end.resolve(end);
  }

  /** Stops it, first with SIGTERM; the signal is repeated on each new connection. */
  stop(): void {
    this.isUnwanted = true;
    this.signal("TERM");
    const timer = setTimeout(() => this.signal("KILL"), GRACE_S * 1000);
    this.gone.then(() => clearTimeout(timer));
  }

  /** Stops it at its time limit or with the loop. Returns a function that removes these rules. */
  stopBy({ time_limit_s, drain, stop }: StopRules): () => void {
    const timers: number[] = [];
    const end = () => {
      this.stop();
      // An unreachable host must not delay the end of a stopped loop.
      timers.push(setTimeout(() => this.ended || this.settle({ kind: "left" }), 2 * GRACE_S * 1000));
    };
    const late = () => {
      const { remote } = this.open.attempt;
      if (remote) updateAttempt(this.open, { remote: { ...remote, stopped_for: "time" } });
      this.stop();
    };
    if (time_limit_s !== null) timers.push(setTimeout(late, time_limit_s * 1000));
    if (stop.aborted) end();
    else if (drain) this.stop();
    stop.addEventListener("abort", end, { once: true });
    return () => {
      for (const timer of timers) clearTimeout(timer);
      stop.removeEventListener("abort", end);
    };
  }
}

/** Marks attempts as given to others and returns those that were not before, so that each is given once. */
export function giveUpShards(shards: readonly RemoteShard[]): { shard: number; attempt: number }[] {
  return shards.filter((one) => !one.isStranded).map((one) => {
    one.isStranded = true;
    return { shard: one.plan.shard_index, attempt: one.open.attempt.attempt };
  });
}

const POLL_INTERVAL_MS = 200;

/**
 * Ingests an attempt whose files are in incoming/, or will appear there soon.
 * @param late_s time for them to appear: on a shared disk they are seen late
 */
export async function ingestRemote(context: JobContext, shard: RemoteShard, late_s: number): Promise<ShardEnd> {
  const { run } = context;
  let done_since = Infinity;
  for (const until = performance.now() + Math.max(late_s * 1000, TAKING_IN_MS);;) {
    const end = endTakenIn(context, shard, recoverAttempt(run, shard.plan, shard.id, late_s));
    if (end) return end;
    const isDone = readShard(run.dir, run.manifest, shard.plan).kind === "done";
    done_since = isDone ? Math.min(done_since, performance.now()) : Infinity;
    if (performance.now() - done_since > TAKING_IN_MS) {
      // A process that found the whole run done has removed the files in incoming/.
      endSuperseded(context, shard, "Another attempt finished this shard before its files arrived");
      return { kind: "taken" };
    }
    const [cause, printed] = late_s > 0 ? NOT_SEEN : NOT_WHOLE;
    if (!isDone && performance.now() > until) return failRemote(context, shard, cause, printed);
    await pauseFor(POLL_INTERVAL_MS);
  }
}

/** Time that another process needs between the commit of a shard and the end of its attempt. */
const TAKING_IN_MS = 2000;

const NOT_SEEN = ["output", "Its files have not arrived here"] as const;
/** Cause of incomplete wrapper records: they arrived as they are there, so only a full disk explains them. */
const NOT_WHOLE = ["disk", "The records on its disk are incomplete"] as const;

/**
 * Returns the end of an attempt that another process has ingested, as any command on a shared disk does; undefined
 * while none has: then its file exists without an end. On NFS too the file is read anew (close-to-open consistency).
 */
function endTakenIn({ run }: JobContext, { plan, open }: RemoteShard, committed?: Committed): ShardEnd | undefined {
  const found = readShard(run.dir, run.manifest, plan);
  const attempt = readAttempt(run.dir, plan.shard_index, open.attempt.attempt);
  if (attempt?.end) return { kind: "failed", record: attempt.end };
  if (attempt) return undefined;
  if (found.kind !== "done") return { kind: "taken" };
  return { kind: "done", committed: committed ?? { kind: "equal" }, record: found.metrics.farm };
}

/** Writes the end of an attempt without a whole result, unless another process has ingested its end before. */
export function endRemote(
  context: JobContext,
  shard: RemoteShard,
  end: Exclude<RemoteEnd, { kind: "ended" }>,
): ShardEnd {
  if (end.kind === "left") return { kind: "taken" };
  const taken = endTakenIn(context, shard);
  if (taken) return taken;
  if (end.kind === "absent") {
    removeAttempt(shard.open);
    return { kind: "taken" };
  }
  const full = end.free_kb !== null && end.free_kb < FULL_DISK_KB;
  const printed = full
    ? "No space left on its disk"
    : `Its process disappeared without recording its end${end.message ? `: ${end.message}` : ""}`;
  // An attempt that needed our final signal was stopped all the same.
  return failRemote(context, shard, full ? "disk" : shard.isUnwanted ? "terminated" : "signal", printed);
}

function failRemote(context: JobContext, shard: RemoteShard, cause: ShardRecord["cause"], printed: string): ShardEnd {
  const { run: { manifest } } = context;
  const { plan, open } = shard;
  const record = lostRecord(manifest, plan, open.attempt, printed, open.attempt.remote?.stopped_for ?? cause);
  if (updateAttempt(open, { end: record })) return { kind: "failed", record };
  return endTakenIn(context, shard) ?? { kind: "taken" };
}

/** Writes the end of an attempt whose shard another attempt did. */
export function endSuperseded(
  { run: { dir, manifest } }: JobContext,
  { plan, open }: RemoteShard,
  message = "Its host could not be reached, and another attempt finished this shard",
): void {
  if (readAttempt(dir, plan.shard_index, open.attempt.attempt)?.end !== null) return;
  updateAttempt(open, { end: lostRecord(manifest, plan, open.attempt, message, "terminated") });
}

/** Number of starting reports, and the time, after which a shard that does not start counts as dead. */
const MAX_STARTING = 20;
const STARTING_MS = 500;

interface Listener {
  shards: ReadonlyMap<string, RemoteShard>;
  find(shard: RemoteShard): void;
}

/** Handles a line of a host's agent about one attempt: `WORD ID …`. */
export function takeLine(host: Listener, line: string, link: HostLink): void {
  const [word, id = "", ...rest] = line.split(" ");
  const shard = host.shards.get(id);
  if (!shard || shard.ended) return;
  const dead = (words: string[]) =>
    shard.settle({ kind: "dead", free_kb: words[0] ? Number(words[0]) : null, message: words.slice(1).join(" ") });
  if (word === "running") noteProcess(shard, link, rest);
  else if (word === "free") shard.free();
  else if (word === "ended" || word === "absent") shard.settle({ kind: word });
  else if (word === "dead" || word === "fault") dead(rest);
  else if (word === "starting" && shard.starting++ < MAX_STARTING) setTimeout(() => host.find(shard), STARTING_MS);
  else if (word === "starting") dead(rest);
}

/** Records the wrapper there, so that a later check can distinguish it from another process with its pid. */
function noteProcess(shard: RemoteShard, { facts }: HostLink, [pid, start_ticks]: string[]): void {
  if (shard.open.attempt.fit !== null || !(Number(pid) > 0)) return;
  const fit = {
    host: facts.host,
    boot_id: facts.boot_id ?? "unknown",
    pid: Number(pid),
    start_ticks: start_ticks ?? "0",
  };
  // Its host identifies it by its name in any case.
  orElse(undefined, () => updateAttempt(shard.open, { fit }));
}
