import type { FarmManifest, HistoryEntry, Manifest, Plan } from "./schema/manifest.ts";
import { seedsOf } from "./run_seeds.ts";
import { overlaps } from "./toy_ranges.ts";

/** Returns whether this program rendered the run of a checked manifest, with everything that its shards need. */
export function isFarmManifest(manifest: Manifest): manifest is FarmManifest {
  const { farm, scheduler, config, threads, shards, nextstat_bin, run_dir } = manifest;
  const all = [farm, scheduler, config, shards, nextstat_bin, run_dir];
  return typeof threads === "number" && !all.includes(undefined);
}

/** Returns the entries that count: those not replaced by pieces. */
export function livePlans(manifest: { plans: Plan[] }): Plan[] {
  return manifest.plans.filter((plan) => !plan.farm?.replaced_by);
}

/** Returns the toys that are not cut into shards yet (--shard-minutes); undefined: there are none. */
export const uncutPlan = (manifest: { plans: Plan[] }): Plan | undefined =>
  livePlans(manifest).find((plan) => plan.farm?.uncut);

/** Returns the shards of a run: the live entries that may be submitted and run. */
export const cutPlans = (manifest: { plans: Plan[] }): Plan[] =>
  livePlans(manifest).filter((plan) => !plan.farm?.uncut);

/** Returns what is wrong with the plans of a manifest, or null. Live entries must cover [0, n_toys) exactly once. */
export function manifestFault(manifest: Manifest): string | null {
  return countFault(manifest) ?? indexFault(manifest.plans) ?? seedFault(manifest) ?? coverFault(manifest) ??
    duplicateFault(manifest);
}

/** plans[] only grows: its first `shards` entries are those of the original split. */
function countFault({ plans, shards = plans.length }: Manifest): string | null {
  return shards <= plans.length ? null : `it has ${plans.length} plans for ${shards} shards`;
}

function indexFault(plans: Plan[]): string | null {
  for (const [i, plan] of plans.entries()) {
    if (plan.shard_index !== i) return `plans[${i}] has shard_index ${plan.shard_index}, wanted ${i}`;
    for (const piece of plan.farm?.replaced_by ?? []) {
      if (piece <= i || piece >= plans.length) return `plans[${i}] is replaced by shard ${piece}, which is not there`;
    }
  }
  return null;
}

function seedFault(manifest: Manifest): string | null {
  const seed = seedsOf(manifest);
  const bad = manifest.plans.find((plan) => plan.seed !== seed(plan.toy_start));
  if (!bad) return null;
  const wanted = seed(bad.toy_start);
  return `plans[${bad.shard_index}] has seed ${bad.seed}, wanted ${wanted} (that of toy ${bad.toy_start})`;
}

/** Checks that no seed is used twice; an extension can have seeds of its own. */
function duplicateFault(manifest: Manifest): string | null {
  const [twice] = overlaps(livePlans(manifest));
  return twice
    ? `toys of the seed ${twice.later.seed} are in shard ${twice.later.shard_index} and in an earlier one`
    : null;
}

function coverFault(manifest: Manifest): string | null {
  let next = 0;
  for (const plan of livePlans(manifest).sort((a, b) => a.toy_start - b.toy_start)) {
    if (plan.toy_start > next) return `no shard has the toys ${next} to ${plan.toy_start - 1}`;
    if (plan.toy_start < next) return `toy ${plan.toy_start} is in shard ${plan.shard_index} and in an earlier one`;
    next += plan.n_toys;
  }
  return next === manifest.n_toys ? null : `its shards hold ${next} toys, wanted n_toys = ${manifest.n_toys}`;
}

/** Arguments of `extend`; shards null: as many as give the new shards about the size of the run's own. */
export interface ExtensionRequest {
  n_toys: number;
  shards: number | null;
}

/**
 * Returns the extension in the history that has these arguments and still has open shards, so that a repeated `extend`
 * continues it.
 * @param given shards that a scheduler already has, or that have started
 */
export function openExtension(
  { plans, farm }: FarmManifest,
  request: ExtensionRequest,
  given: ReadonlySet<number>,
): HistoryEntry | undefined {
  const isOpen = (shard: number) => !given.has(shard) && !plans[shard]?.farm?.replaced_by;
  return farm.history.find((entry) =>
    entry.asked?.n_toys === request.n_toys && entry.asked.shards === request.shards && entry.shards?.some(isOpen)
  );
}

const isUnused = ({ doubled, submitted_at_utc }: HistoryEntry) => doubled !== undefined && submitted_at_utc === null;

/** Returns the options that were raised without a value and have not reached any job yet; they are not raised again. */
export const unusedRaises = ({ farm }: FarmManifest): Set<string> =>
  new Set(farm.history.filter(isUnused).flatMap(({ doubled = [] }) => doubled));

/** Returns the manifest with its raised options marked as submitted; the same object where nothing changes. */
export function withRaisesUsed(manifest: FarmManifest, at_utc: string): FarmManifest {
  const { history } = manifest.farm;
  if (!history.some(isUnused)) return manifest;
  const used = history.map((entry) => isUnused(entry) ? { ...entry, submitted_at_utc: at_utc } : entry);
  return { ...manifest, farm: { ...manifest.farm, history: used } };
}

/** A nextstat binary that may fit toys of a run; size and times identify it without hashing. */
interface NextstatFile {
  sha256: string;
  bytes?: number | undefined;
  mtime_ms?: number | undefined;
  ctime_ms?: number | undefined;
}

/** Returns the nextstat that the run was rendered with, and those that --accept-changed-nextstat added. */
export function nextstatsOf({ farm }: Pick<FarmManifest, "farm">): NextstatFile[] {
  const { nextstat_sha256: sha256, nextstat_bytes, nextstat_mtime_ms, nextstat_ctime_ms } = farm;
  const rendered = { sha256, bytes: nextstat_bytes, mtime_ms: nextstat_mtime_ms, ctime_ms: nextstat_ctime_ms };
  return [rendered, ...farm.accepted_nextstats ?? []];
}

/** Returns whether hosts run their own nextstat, of which only the version is known here. */
export const isHostsOwn = ({ farm }: Pick<FarmManifest, "farm">): boolean =>
  farm.options["remote-nextstat-bin"] !== undefined;

/** Returns why a nextstat with this sha256 is not one of the run's, or null, also where this cannot be known. */
export function nextstatFault(manifest: Pick<FarmManifest, "farm">, sha256: string | null): string | null {
  const known = nextstatsOf(manifest);
  if (sha256 === null || isHostsOwn(manifest) || known.some((one) => one.sha256 === sha256)) return null;
  return `sha256 ${sha256.slice(0, 12)}, not ${known.map((one) => one.sha256.slice(0, 12)).join(" or ")}`;
}
