import { FarmError } from "./errors.ts";
import { durationSeconds } from "./flags.ts";
import { clockTime } from "./format.ts";
import type { OptionValue } from "./schema/manifest.ts";

/** Memory of this program in a job: 64 MiB measured while a fit runs, and as much again to check a large output. */
const WRAPPER_MIB = 128;

/** Returns the memory of the wrapper beside the fit, in MiB. */
export const wrapperMemory = (wrapper: "binary" | "sh"): number => wrapper === "binary" ? WRAPPER_MIB : 0;

/** Margins over what was used: jobs above their limits are killed. */
const OVER_P95 = 1.2;
const OVER_MAX = 1.05;

/** Time of a job besides its shards, in seconds: to start, and the time before a limit at which a fit is stopped. */
export const JOB_EXTRA_S = 120;

/** A quantity of the shards: 95th percentile and maximum. */
interface Needed {
  p95: number;
  max: number;
}

const withMargin = ({ p95, max }: Needed): number => Math.max(OVER_P95 * p95, OVER_MAX * max);

export const marginWords = (p95: string, max: string, n_shards: number): string =>
  `${OVER_P95} × the 95th percentile of ${n_shards} shards (${p95}), at least the largest (${max}) + 5 %`;

/** Returns the memory in MiB to request for jobs whose fits need so much. */
export const memoryToRequest = (fit_mib: Needed, wrapper_mib: number): number =>
  roundUp(withMargin(fit_mib) + wrapper_mib, 50);

/** Returns the time limit in seconds to request for jobs of so many shards, which take so long each. */
export const timeToRequest = (shard_s: Needed, shards_per_job: number): number =>
  roundUp(withMargin(shard_s) * shards_per_job + JOB_EXTRA_S, 60);

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Factor of memory after a job has run out of it, and the largest one over the first value where no node's memory is known. */
const MEMORY_STEP = 1.5;
const MOST_MEMORY = 8;

/** MiB of each unit of memory; without a unit a scheduler means MB (sbatch(1), condor_submit(1)). */
const MIB: Readonly<Record<string, number>> = { "": 1, K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 };

/**
 * Returns half as much memory again, up to that of the largest node; null where a job has that already, or the amount is
 * none. In M where it is no whole number of its own unit: `1GB` becomes `1536MB`.
 * @param now undefined: the run has no value, and gets `first`
 * @param most_mib null: unknown; then at most 8 times `first`
 */
export function moreMemory(now: OptionValue | undefined, first: OptionValue, most_mib: number | null): string | null {
  const most = most_mib ?? MOST_MEMORY * (mebibytesOf(first) ?? NaN);
  if (now === undefined) return (mebibytesOf(first) ?? NaN) > most ? `${Math.floor(most)}M` : `${first}`;
  const { mib, unit, rest } = memoryOf(now);
  const more = Math.min(Math.ceil(MEMORY_STEP * mib), Math.floor(most));
  if (!(more > mib)) return null;
  if (unit === "") return `${more}`;
  const per = MIB[unit.toUpperCase()] ?? 1;
  return per > 1 && more % per === 0 ? `${more / per}${unit}${rest}` : `${more}M${rest}`;
}

/** Reads an amount of memory in MiB: `1GB`, `1200M`; null where it is none. */
export function mebibytesOf(value: OptionValue | undefined): number | null {
  const { mib } = memoryOf(value);
  return Number.isNaN(mib) ? null : mib;
}

function memoryOf(value: OptionValue | undefined): { mib: number; unit: string; rest: string } {
  const [, number, unit = "", rest = ""] = /^(\d+(?:\.\d+)?)\s*([KMGTkmgt]?)(i?[Bb]?)$/.exec(`${value}`) ?? [];
  return { mib: Number(number ?? NaN) * (MIB[unit.toUpperCase()] ?? 1), unit, rest };
}

/**
 * Returns twice a time limit, or the longest that the queue allows; null where there is no limit yet, it is the longest
 * already, or the longest is unknown.
 * @param most_s null: no limit; undefined: unknown
 */
export function moreTime(now: OptionValue | undefined, most_s: number | null | undefined): string | number | null {
  if (now === undefined || most_s === undefined || !/^[\d:-]+$/.test(`${now}`)) return null;
  const doubled = doubleTime(now);
  const seconds = (value: string | number) => typeof value === "number" ? value : durationSeconds("--more-time")(value);
  if (most_s === null || seconds(doubled) <= most_s) return doubled;
  if (typeof now === "number" || seconds(`${now}`) >= most_s) return null;
  return clockTime(most_s);
}

/** Returns twice a time limit as HH:MM:SS; a plain number stays a number, in its scheduler's unit. */
function doubleTime(value: OptionValue): string | number {
  if (typeof value === "number") return value * 2;
  if (/^\d+$/.test(`${value}`)) return `${Number(value) * 2}`;
  return clockTime(durationSeconds("--more-time")(`${value}`) * 2);
}

/**
 * Returns the limit that `retry` requests where no value is given: as a recovery does, but without a bound.
 * @throws {FarmError} usage, if the run has no limit that can be raised
 */
export function raisedLimit(role: "memory" | "time", name: string, now: OptionValue | undefined): OptionValue {
  const next = `Give the new value: --more-${role} ${role === "memory" ? "4GB" : "02:00:00"}`;
  if (now === undefined) throw new FarmError("usage", `Cannot raise --${name}: the run was rendered without it`, next);
  const more = role === "memory" ? moreMemory(now, now, Infinity) : moreTime(now, null);
  if (more !== null) return more;
  throw new FarmError("usage", `Cannot raise --${name} "${now}": not a limit of ${role} with a number`, next);
}
