import { namedShards } from "./format.ts";
import type { EarlierRecovery, Recovery, RecoveryAction } from "./recovery.ts";
import type { FarmManifest, HistoryEntry, OptionValue } from "./schema/manifest.ts";
import type { Submission } from "./schema/submit_meta.ts";
import { cutShards } from "./toys.ts";

type Submitted = Pick<Submission, "state" | "shards" | "answer" | "queue_full">;

const isAccepted = ({ state }: Submitted) => state !== "refused";

type Recovered = HistoryEntry & { recovery: NonNullable<HistoryEntry["recovery"]> };

const recoveriesIn = (history: readonly HistoryEntry[]): Recovered[] =>
  history.flatMap((entry) => entry.recovery === undefined ? [] : [{ ...entry, recovery: entry.recovery }]);

/**
 * Returns a function from shard to what earlier recoveries did for it. Both numbers come from files: the history of the
 * manifest, and the submissions on record.
 */
export function earlierRecoveries(
  { plans, farm: { history } }: Pick<FarmManifest, "plans" | "farm">,
  submissions: readonly Submitted[],
): (shard: number) => EarlierRecovery {
  const entries = recoveriesIn(history);
  const parents = new Map(
    plans.flatMap(({ shard_index, farm }) => (farm?.replaced_by ?? []).map((piece) => [piece, shard_index] as const)),
  );
  const lineage = (shard: number): number[] => {
    const parent = parents.get(shard);
    return parent === undefined ? [shard] : [shard, ...lineage(parent)];
  };
  const lastRaise = (step: RecoveryAction["step"]) =>
    entries.findLast(({ recovery, doubled }) => recovery.step === step && doubled !== undefined)?.recovery
      .n_submissions;
  const raised = { memory: lastRaise("memory"), time: lastRaise("time") };
  return (shard) => {
    const line = lineage(shard);
    const last = submissions.findLastIndex((one) => isAccepted(one) && one.shards.includes(shard));
    const planned = entries.findLast((one) => one.shards?.includes(shard) || one.recovery.moved?.includes(shard));
    const isBefore = (n_submissions: number | undefined) =>
      n_submissions !== undefined && last >= 0 && last < n_submissions;
    return {
      count: entries.filter(({ shards }) => line.some((one) => shards?.includes(one))).length,
      is_pending: planned !== undefined && last < planned.recovery.n_submissions,
      had_less: { memory: isBefore(raised.memory), time: isBefore(raised.time) },
    };
  };
}

/** Returns the nodes that jobs of a run avoid because of a recovery. */
export const avoidedNodes = ({ farm }: Pick<FarmManifest, "farm">): string[] => [
  ...new Set(recoveriesIn(farm.history).flatMap(({ recovery }) => recovery.nodes ?? [])),
];

const OPTION_OF: Record<RecoveryAction["step"], "memory" | "time" | "nodes" | null> = {
  memory: "memory",
  time: "time",
  elsewhere: "nodes",
  cut: null,
  rerun: null,
};

/** Changes of a recovery besides its steps, by the role of the option. */
interface RecoveryChange {
  options: Partial<Record<"memory" | "time" | "nodes", { name: string; value: OptionValue }>>;
  /** Shards in the queue that are submitted anew, so that they avoid a node too. */
  moved: number[];
  n_submissions: number;
  at_utc: string;
}

/**
 * Returns the manifest with the limits, pieces and history of a recovery; the same object where it does nothing. Each
 * action is one entry, so that a command that is stopped before it submits, or repeated, counts it once.
 */
export function applyRecovery(manifest: FarmManifest, recovery: Recovery, change: RecoveryChange): FarmManifest {
  return recovery.actions.reduce((now, action) => applyAction(now, action, recovery, change), manifest);
}

function applyAction(
  manifest: FarmManifest,
  action: RecoveryAction,
  { avoid }: Recovery,
  { options: changed, moved, n_submissions, at_utc }: RecoveryChange,
): FarmManifest {
  const role = OPTION_OF[action.step];
  const option = role === null ? undefined : changed[role];
  const { options } = manifest.farm;
  const is_new = option !== undefined && options[option.name] !== option.value;
  const changed_words = is_new ? `--${option.name} ${options[option.name] ?? "(none)"} → ${option.value}` : undefined;
  const cut = action.step === "cut" ? cutShards(manifest, action.shards, at_utc) : manifest;
  const entry: HistoryEntry = {
    at_utc,
    change: actionWords(action, changed_words),
    shards: action.shards,
    recovery: {
      step: action.step,
      n_submissions,
      what: action.what,
      ...(changed_words === undefined ? {} : { changed: changed_words }),
      ...(action.step === "elsewhere" ? { nodes: avoid, ...(moved.length > 0 ? { moved } : {}) } : {}),
    },
    ...(is_new ? { doubled: [option.name], submitted_at_utc: null } : {}),
  };
  const history = [...cut.farm.history, entry];
  if (!is_new) return { ...cut, farm: { ...cut.farm, history } };
  const farm = { ...cut.farm, history, options: { ...options, [option.name]: option.value } };
  return { ...cut, farm: { ...farm, first_options: manifest.farm.first_options ?? options } };
}

/**
 * Returns an action in words: `out of memory: shard 3 rerun with --slurm-memory 1G → 1536M`.
 * @param changed option that the action changed, in words
 */
function actionWords(
  { step, what, shards }: { step: string; what: string; shards: readonly number[] },
  changed: string | undefined,
): string {
  const named = namedShards(shards);
  if (step === "cut") return `${what}: ${named} cut in two`;
  return `${what}: ${named} rerun${changed === undefined ? "" : ` with ${changed}`}`;
}

/** Returns one line for each kind of thing that recoveries did, in the order in which it was first done. */
export function recoveryLines(history: readonly HistoryEntry[], submissions: readonly Submitted[]): string[] {
  const kinds = Map.groupBy(
    recoveriesIn(history),
    ({ recovery: { step, what, changed = "" } }) => [step, what, changed].join("\n"),
  );
  const done = [...kinds.values()].flatMap((entries) => {
    const [first] = entries;
    if (!first) return [];
    const shards = [...new Set(entries.flatMap((one) => one.shards ?? []))];
    return [actionWords({ ...first.recovery, shards }, first.recovery.changed)];
  });
  return [...queueFullLine(submissions), ...done];
}

/** Returns a line for a run that had to wait for room in the queue. */
function queueFullLine(submissions: readonly Submitted[]): string[] {
  const full = submissions.filter(({ queue_full }) => queue_full);
  const refusal = full[0]?.answer?.replace(/ \(.*/s, "");
  const first = submissions.findIndex(({ queue_full }) => queue_full);
  const later = submissions.slice(first).filter(isAccepted);
  if (refusal === undefined || later.length === 0) return [];
  const shards = new Set(later.flatMap((one) => one.shards));
  const words = `${namedShards([...shards])} submitted in ${later.length} parts, as jobs ended`;
  return [`submit limit reached (${refusal}): ${words}`];
}
