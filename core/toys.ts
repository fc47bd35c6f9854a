import type { ExtensionRequest } from "./check_manifest.ts";
import { FarmError } from "./errors.ts";
import { plural } from "./format.ts";
import { seedOf } from "./run_seeds.ts";
import type { FarmManifest, Plan } from "./schema/manifest.ts";

/** Toys [start, start + count) of a run. */
export interface ToyRange {
  /** First toy, counted from 0. */
  start: number;
  /** Number of toys. */
  count: number;
}

/** Maximum number of shards of a run: a manifest with more results exceeds the largest file that is read (256 MiB). */
export const MAX_SHARDS = 100_000;

/**
 * Throws if a run would have too many shards.
 * @param n_before number of shards that the run already has
 * @throws {FarmError} usage
 */
export function checkShardCount(k: number, n_before: number, flag = "--shards"): void {
  const room = MAX_SHARDS - n_before;
  if (k <= room) return;
  const had = n_before > 0 ? ` and this one has ${n_before}` : "";
  throw new FarmError(
    "usage",
    `Cannot make ${k} shards: a run has at most ${MAX_SHARDS}${had}`,
    room > 0 ? `Put more toys into each: ${flag} ${room} or fewer` : "Render a new run with --seed next",
  );
}

/**
 * Splits n toys over k shards as `nextstat --shard I/K` does: each gets n div k, the first n mod k one more.
 * @param flag name of the option with the number of shards
 * @throws {FarmError} usage, for more shards than toys, or than a run can have
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { splitToys } from "nsfarm-deno";
 * assert.deepEqual(splitToys(10, 3).map(({ count }) => count), [4, 3, 3]);
 * ```
 */
export function splitToys(n: number, k: number, flag = "--shards"): ToyRange[] {
  if (k > n) {
    throw new FarmError(
      "usage",
      `Cannot split ${n} toys into ${k} shards: every shard needs at least one toy`,
      `Use ${flag} ${n} or fewer`,
    );
  }
  checkShardCount(k, 0, flag);
  return Array.from({ length: k }, (_, i) => evenShare(n, k, i));
}

/** Default number of shards per slot: the tail of a run is then about a twentieth of it. */
export const SHARDS_PER_SLOT = 20;

/** Smallest default size of a shard: starting nextstat takes about as long as a few toys. */
const MIN_TOYS = 10;

/** Default number of shards on the CPUs of a machine, in words. */
export const DEFAULT_SHARDS = `${SHARDS_PER_SLOT} per CPU, of at least ${MIN_TOYS} toys each`;

/** Returns the default number of shards of n toys for `slots` slots. */
export function shardsForSlots(n: number, slots: number): number {
  return Math.max(1, Math.min(SHARDS_PER_SLOT * slots, Math.floor(n / MIN_TOYS)));
}

/** Returns a split in words: `10 toys in 3 shards of 3 to 4 toys, seeds 42 to 51`. */
export function splitWords({ seed, plans }: { seed: number; plans: readonly { n_toys: number }[] }): string {
  const counts = plans.map((plan) => plan.n_toys);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const n_toys = counts.reduce((sum, count) => sum + count, 0);
  const each = least === most ? plural(most, "toy") : `${least} to ${most} toys`;
  return `${plural(n_toys, "toy")} in ${plural(plans.length, "shard")} of ${each}, seeds ${seed} to ${
    seed + n_toys - 1
  }`;
}

/** Returns share i of n toys over k shards. */
export function evenShare(n: number, k: number, i: number): ToyRange {
  const base = Math.floor(n / k);
  const longer = n % k;
  return { start: i * base + Math.min(i, longer), count: base + (i < longer ? 1 : 0) };
}

/**
 * Splits n toys by weights: the whole part of each quota, and one more toy for the largest remainders, ties to the
 * earlier share (Hamilton's method). Shares without toys are left out.
 * @returns the shares in the order of the weights, with the index of the weight
 */
export function splitByWeight(n: number, weights: readonly number[]): (ToyRange & { index: number })[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const quotas = weights.map((weight) => n * weight / total);
  const counts = quotas.map(Math.floor);
  const rest = n - counts.reduce((sum, count) => sum + count, 0);
  const order = quotas.map((quota, index) => ({ index, remainder: quota - Math.floor(quota) }));
  order.sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of order.slice(0, rest)) counts[index] = (counts[index] ?? 0) + 1;
  let start = 0;
  return counts.flatMap((count, index) => {
    const share = { start, count, index };
    start += count;
    return count > 0 ? [share] : [];
  });
}

/**
 * Cuts a range into `pieces` of at least 1 toy each; fewer pieces where it has fewer toys.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cutRange } from "nsfarm-deno";
 * assert.deepEqual(cutRange({ start: 20, count: 5 }, 2), [{ start: 20, count: 3 }, { start: 23, count: 2 }]);
 * ```
 */
export function cutRange(range: ToyRange, pieces: number): ToyRange[] {
  return splitToys(range.count, Math.min(pieces, range.count))
    .map(({ start, count }) => ({ start: range.start + start, count }));
}

/** Returns the piece of a plan's entry that holds a range of its toys, each with the seed that it had. */
export const pieceOf = (plan: Plan, shard_index: number, { start, count }: ToyRange): Plan => ({
  ...plan,
  shard_index,
  toy_start: start,
  n_toys: count,
  seed: plan.seed + start - plan.toy_start,
});

/**
 * Returns the manifest with each of these shards cut in two: the entry stays with `replaced_by`, its pieces are
 * appended and run by their own seed and count. A shard of one toy stays uncut.
 */
export function cutShards(manifest: FarmManifest, shards: number[], at_utc: string): FarmManifest {
  const plans = [...manifest.plans];
  const cut: number[] = [];
  for (const shard of shards) {
    const plan = plans[shard];
    if (!plan || plan.n_toys < 2 || plan.farm?.replaced_by) continue;
    const halves = cutRange({ start: plan.toy_start, count: plan.n_toys }, 2);
    const pieces = halves.map((range, i) => pieceOf(plan, plans.length + i, range));
    plans[shard] = { ...plan, farm: { ...plan.farm, replaced_by: pieces.map((piece) => piece.shard_index) } };
    plans.push(...pieces);
    cut.push(shard);
  }
  if (cut.length === 0) return manifest;
  checkShardCount(2 * cut.length, manifest.plans.length);
  const history = [...manifest.farm.history, { at_utc, change: `cut in two: shards ${cut.join(", ")}`, shards: cut }];
  return { ...manifest, plans, farm: { ...manifest.farm, history } };
}

/**
 * Returns the manifest with `n` more toys in `shards` new entries at the end of plans[]. Their
 * seeds follow the run's last seed, or start at `fresh`, which is above it: the run has none of them yet.
 * @param fresh first of the new seeds
 * @param request arguments of an extension that is also submitted; undefined: it is not
 * @throws {FarmError} usage, for more shards than toys, or seeds beyond 2^53
 */
export function extendPlans(
  manifest: FarmManifest,
  n: number,
  shards: number,
  at_utc: string,
  fresh = seedOf(manifest, manifest.n_toys),
  request?: ExtensionRequest,
): FarmManifest {
  const { n_toys, plans, farm } = manifest;
  if (fresh + n > Number.MAX_SAFE_INTEGER) {
    throw new FarmError("usage", `Cannot add ${n} toys: seed + n_toys must stay below 2^53`);
  }
  checkShardCount(shards, plans.length);
  const first = plans[0];
  const added = splitToys(n, shards).map(({ start, count }, i): Plan => ({
    shard_index: plans.length + i,
    host: first?.host ?? manifest.scheduler,
    user: first?.user ?? null,
    port: first?.port ?? 0,
    weight: 1,
    threads: manifest.threads,
    toy_start: n_toys + start,
    n_toys: count,
    seed: fresh + start,
  }));
  const indexes = added.map((plan) => plan.shard_index);
  const change = `extended by ${n} toys, seeds ${fresh} to ${fresh + n - 1}`;
  const moved = fresh === seedOf(manifest, n_toys) ? {} : { seed: fresh };
  const own = request ? { asked: { ...request } } : {};
  const entry = { at_utc, change, shards: indexes, n_toys_before: n_toys, ...moved, ...own };
  const history = [...farm.history, entry];
  return { ...manifest, n_toys: n_toys + n, plans: [...plans, ...added], farm: { ...farm, history } };
}

/** Returns the number of shards that gives the new shards about the size of the run's own. */
export function shardsForExtension({ plans, shards, farm }: FarmManifest, n: number): number {
  // The first split of a run with --shard-minutes is probes and a rest that was cut by their times.
  const of_size = farm.shard_minutes === undefined
    ? plans.slice(0, shards)
    : plans.filter((plan) => !plan.farm?.replaced_by && !plan.farm?.probe);
  const own = of_size.reduce((sum, plan) => sum + plan.n_toys, 0) / of_size.length;
  return Math.min(n, Math.max(1, Math.ceil(n / own)));
}
