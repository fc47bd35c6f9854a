// @ts-types="@types/d3-array"
import { mean, median } from "d3-array";
import { FarmError } from "../errors.ts";
import { fitWarnings } from "../fit_quality.ts";
import { doneShards, type RunFacts, type ShardFacts, type Span, sumOf } from "../run_facts.ts";
import { freeMs, mostAtOnce, SLACK_MS } from "../run_times.ts";
import type { RunTimes } from "../schema/run_times.ts";

export interface PilotHost {
  host: string;
  /** Largest number of its shards that ran at the same time. */
  slots: number;
  n_shards: number;
  /** nextstat's own time per toy, in seconds; the whole time of its shards / toys where it reports none. */
  toy_s: number;
  /** Median time of a shard without its toys, in seconds. */
  startup_s: number;
}

/** Scatter of times, as relative standard deviations. */
export interface Spread {
  /** Between toys: averages out within a shard. */
  toy: number;
  /** Between shards, beyond the scatter of toys: a slot that is slow for a while. */
  shard: number;
}

export interface Pilot {
  run_id: string;
  scheduler: string;
  n_toys: number;
  shards: number;
  hosts: PilotHost[];
  /** Whether nextstat reported the time of its toys, which separates it from the start-up. */
  has_startup: boolean;
  /** Seconds from the end of a shard to the next start on the same slot; null: no slot had two shards in a session. */
  gap_s: number | null;
  /** Seconds from one slot's first start to the next slot's. */
  stagger_s: number;
  /** Seconds from submission to first start; null: unknown. */
  queue_s: number | null;
  /** null: every host had only one shard. */
  spread: Spread | null;
  /** Relative error of the mean time per toy; null like `spread`. */
  toy_error: number | null;
  /** CPU time / time during which shards occupied a slot: below 1 where they waited for a CPU; null: unknown. */
  cpu_share: number | null;
  makespan_s: number | null;
  max_rss_bytes: number | null;
  fit_warnings: string[];
}

interface Timed extends ShardFacts {
  span: Span;
  fit_s: number;
}

/**
 * Reads the measurements that a plan needs from a run.
 * @throws {FarmError} input, if start and duration of its shards are unknown
 */
export function readPilot(run: RunFacts): Pilot {
  const shards = timedShards(run);
  const hosts = [...Map.groupBy(shards, ({ span }) => span.host)].map(([host, all]) => pilotHost(host, all));
  const first_ms = shards.reduce((least, { span }) => Math.min(least, span.started_ms), Infinity);
  return {
    run_id: run.run_id,
    scheduler: run.scheduler,
    n_toys: run.n_toys,
    shards: run.shards.length,
    hosts: hosts.sort((a, b) => a.toy_s - b.toy_s),
    has_startup: doneShards(run).some(({ fit_s }) => fit_s !== null),
    ...pacing(shards, run.times),
    queue_s: queueSeconds(run.submitted_ms, first_ms),
    ...scatter(shards, new Map(hosts.map((one) => [one.host, one.toy_s]))),
    cpu_share: cpuShare(shards),
    makespan_s: run.times.makespan_s,
    max_rss_bytes: shards.reduce<number | null>(
      (most, { max_rss_bytes }) => max_rss_bytes === null ? most : Math.max(most ?? 0, max_rss_bytes),
      null,
    ),
    fit_warnings: run.fits ? fitWarnings(run.fits) : [],
  };
}

/** Returns the shards whose times are known, at least one. @throws {FarmError} input */
function timedShards(run: RunFacts): Timed[] {
  if (!run.is_old && doneShards(run).some(({ span }) => span === null)) {
    throw new FarmError(
      "input",
      `Cannot plan from the run "${run.run_id}": its hosts' clocks disagree about when its shards ran`,
      "The clocks were changed during the run or are too far apart; plan from another run",
    );
  }
  const shards = doneShards(run).flatMap((shard): Timed[] => {
    const { span, fit_s, wall_s } = shard;
    // The sh wrapper's clock may have only whole seconds; nextstat's own time is then more precise than the stamps.
    return span && (fit_s ?? wall_s) !== null ? [{ ...shard, span, fit_s: fit_s ?? wall_s ?? 0 }] : [];
  });
  if (shards.length === 0) {
    throw new FarmError(
      "input",
      `Cannot plan from the run "${run.run_id}": none of its shards has a record of when it ran`,
      "Plan from a run that nsfarm-deno rendered and that has finished shards",
    );
  }
  return shards;
}

/** Returns null also if the first shard began before the submission: the stamps then come from different clocks. */
function queueSeconds(submitted_ms: number | null, first_ms: number): number | null {
  return submitted_ms === null || first_ms < submitted_ms - SLACK_MS
    ? null
    : Math.max(0, first_ms - submitted_ms) / 1000;
}

function pilotHost(host: string, shards: readonly Timed[]): PilotHost {
  const sum = (of: (shard: Timed) => number) => shards.reduce((total, shard) => total + of(shard), 0);
  return {
    host,
    slots: mostAtOnce(shards.map(({ span }) => span)),
    n_shards: shards.length,
    toy_s: sum((shard) => shard.fit_s) / sum((shard) => shard.n_toys),
    startup_s: Math.max(0, median(shards, ({ span, fit_s }) => spanSeconds(span) - fit_s) ?? 0),
  };
}

function cpuShare(shards: readonly Timed[]): number | null {
  const cpu_s = sumOf(shards.map((shard) => shard.cpu_s));
  const slot_s = shards.reduce((sum, { span }) => sum + spanSeconds(span), 0);
  return cpu_s === null || slot_s <= 0 ? null : cpu_s / slot_s;
}

const spanSeconds = ({ started_ms, finished_ms }: Span) => (finished_ms - started_ms) / 1000;

/**
 * Returns gaps on the slots, and the delay between first starts of slots, both within sessions: between two sessions of
 * an interrupted or extended run nothing was open. A shard belongs to the slot of its host that was the last to end
 * before it.
 */
function pacing(shards: readonly Timed[], { stretches }: RunTimes): Pick<Pilot, "gap_s" | "stagger_s"> {
  const begun_ms = stretches.map(({ started_at_utc }) => Date.parse(started_at_utc));
  // A session's start is in whole ms.
  const sessionAt = ({ span }: Timed) => begun_ms.filter((ms) => ms <= span.started_ms + 1).length;
  const gaps: number[] = [];
  let [late_ms, n_late] = [0, 0];
  for (const session of Map.groupBy(shards, sessionAt).values()) {
    const begins = [...Map.groupBy(session, ({ span }) => span.host).values()].flatMap((all) => firstStarts(all, gaps));
    late_ms += Math.max(...begins) - Math.min(...begins);
    n_late += begins.length - 1;
  }
  return { gap_s: gaps.length === 0 ? null : median(gaps) ?? 0, stagger_s: n_late === 0 ? 0 : late_ms / 1000 / n_late };
}

/** Returns the first start of each slot of a host, in ms, and adds the gaps between its shards, in seconds, to `gaps`. */
function firstStarts(shards: readonly Timed[], gaps: number[]): number[] {
  const begins: number[] = [];
  const ended: Span[] = [];
  for (const { span } of shards.toSorted((a, b) => a.span.started_ms - b.span.started_ms)) {
    const before = lastFree(ended, span);
    if (before === undefined) begins.push(span.started_ms);
    else {
      gaps.push(Math.max(0, span.started_ms - before.finished_ms) / 1000);
      ended.splice(ended.indexOf(before), 1);
    }
    ended.push(span);
  }
  return begins;
}

/** Returns the last of the slots that became free before the next shard begins. */
function lastFree(ended: readonly Span[], next: Span): Span | undefined {
  const free = ended.filter((one) => freeMs(one) <= next.started_ms);
  return free.length === 0 ? undefined : free.reduce((a, b) => freeMs(b) > freeMs(a) ? b : a);
}

/** Largest relative scatter between toys of nextstat (usually about 10 %); more is scatter between shards. */
const MAX_TOY_SPREAD = 0.15;

/** Returns the scatter of the shards' time per toy about their host's mean: unknown if no host had two shards. */
function scatter(shards: readonly Timed[], toy_s: Map<string, number>): Pick<Pilot, "spread" | "toy_error"> {
  const off = shards.map(({ span, fit_s, n_toys }) => fit_s / n_toys / (toy_s.get(span.host) ?? NaN) - 1);
  const freedom = shards.length - toy_s.size;
  if (freedom < 1) return { spread: null, toy_error: null };
  const variance = off.reduce((sum, one) => sum + one * one, 0) / freedom;
  const n = mean(shards, (shard) => shard.n_toys) ?? 1;
  const toy = Math.min(Math.sqrt(variance * n), MAX_TOY_SPREAD);
  return {
    spread: { toy, shard: Math.sqrt(Math.max(0, variance - toy * toy / n)) },
    toy_error: Math.sqrt(variance / shards.length),
  };
}
