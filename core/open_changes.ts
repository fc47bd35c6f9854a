import type { FarmManifest, HistoryEntry } from "./contracts/manifest.ts";

/** What `extend` was asked for; shards null: as many as make them about as long as the run's own. */
export interface ExtensionAsked {
  n_toys: number;
  shards: number | null;
}

/**
 * The extension of just this request whose shards were to be submitted and have not all been: whoever asks for it again
 * goes on with it.
 * @param given shards that a scheduler has taken, or that were begun
 */
export function openExtension(
  { plans, farm }: FarmManifest,
  asked: ExtensionAsked,
  given: ReadonlySet<number>,
): HistoryEntry | undefined {
  const isOpen = (shard: number) => !given.has(shard) && !plans[shard]?.farm?.replaced_by;
  return farm.history.find((entry) =>
    entry.asked?.n_toys === asked.n_toys && entry.asked.shards === asked.shards && entry.shards?.some(isOpen)
  );
}

const isUnused = ({ doubled, submitted_at_utc }: HistoryEntry) => doubled !== undefined && submitted_at_utc === null;

/** Options that were doubled and that no job has had since: they are not doubled again. */
export const unusedDoublings = ({ farm }: FarmManifest): Set<string> =>
  new Set(farm.history.filter(isUnused).flatMap(({ doubled = [] }) => doubled));

/** The manifest once jobs with all its options have been submitted; itself where that is on record. */
export function withDoublingsUsed(manifest: FarmManifest, at_utc: string): FarmManifest {
  const { history } = manifest.farm;
  if (!history.some(isUnused)) return manifest;
  const used = history.map((entry) => isUnused(entry) ? { ...entry, submitted_at_utc: at_utc } : entry);
  return { ...manifest, farm: { ...manifest.farm, history: used } };
}
