import { basename, dirname, join } from "node:path";
import * as z from "../../core/schema/zod.ts";
import type { CollectedRun } from "../../core/cost.ts";
import { errorText, FarmError, orElse } from "../../core/errors.ts";
import { quickCheck } from "../../core/quick_check.ts";
import type { RunRequest } from "../../core/request.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { seedOf } from "../../core/run_seeds.ts";
import { Count } from "../../core/schema/enums.ts";
import { Manifest, type OptionValue, Plan, RUN_SCHEMAS } from "../../core/schema/manifest.ts";
import { joinRanges, type SeedRange } from "../../core/toy_ranges.ts";
import { DEFAULT_WORKLOAD, workloadNamed, workloadOf } from "../../core/workload/registry.ts";
import { drawnSeeds, freeSeedsOf } from "../../core/workload/seeds.ts";
import type { Workload } from "../../core/workload/workload.ts";
import { whileLockedSync } from "../fs/exclusive.ts";
import { listNames, namesInPassing } from "../fs/list.ts";
import { ofSchema, readDocument, Unreadable } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import { textWithoutRows } from "../run/load_manifest.ts";

const Seeds = z.extend(z.pick(Manifest, { schema_version: true, run_id: true, plans: true, config: true }), {
  farm: z.optional(
    z.looseObject({
      workload: z.optional(z.looseObject({ name: z.string() })),
      gen: z.optional(z.string()),
      set: z.optional(z.record(z.string(), z.number())),
    }),
  ),
});

const Requested = z.pick(Manifest, { seed: true, shards: true, farm: true });

interface TakenSeeds extends SeedRange {
  run: string;
  config: string | undefined;
  workload: Workload;
  /** The point at which its toys are generated, as a text. */
  point: string;
}

interface SeedsBeside {
  ranges: TakenSeeds[];
  /** Reasons why the seeds of unreadable runs are unknown. */
  refused: string[];
}

/** Returns the seeds of the runs in a folder; other entries are skipped. */
function seedsBeside(out_dir: string): SeedsBeside {
  const found: SeedsBeside = { ranges: [], refused: [] };
  try {
    for (const name of listNames(out_dir)) readBeside(out_dir, name, found);
  } catch (error) {
    found.refused.push(errorText(error));
  }
  return found;
}

const hasSeeds = quickCheck(Seeds);

// Its nesting is not checked, which takes as long as to parse it: nothing here walks or writes it.
const manifestBeside = (out_dir: string, name: string): unknown =>
  JSON.parse(textWithoutRows(join(out_dir, name, MANIFEST)));

/** Adds one entry of the folder: a document of another kind is no run; an unreadable or damaged one is unknown. */
function readBeside(out_dir: string, name: string, found: SeedsBeside): void {
  let document: unknown;
  try {
    document = manifestBeside(out_dir, name);
    const { plans, config, farm } = ofSchema(document, Seeds, hasSeeds);
    const workload = workloadNamed(farm?.workload?.name ?? DEFAULT_WORKLOAD);
    const point = pointText(farm?.gen, farm?.set);
    found.ranges.push(...joinRanges(plans).map((range) => ({ ...range, run: name, config, workload, point })));
  } catch (error) {
    if (error instanceof Unreadable && error.absent) return;
    if (document !== undefined && !(error instanceof FarmError) && !OfRun.safeParse(document).success) return;
    const isRefused = error instanceof FarmError || (error instanceof Unreadable && error.fault !== null);
    found.refused.push(`"${name}" ${isRefused ? error.message : `has a damaged ${MANIFEST}`}`);
  }
}

const OfRun = z.looseObject({ schema_version: z.literal([...RUN_SCHEMAS]) });

/** What an existing run was rendered with. */
interface RequestedBefore {
  seed: number;
  shards: number | null;
  options: Readonly<Record<string, OptionValue>>;
}

/** Returns what an existing run of that directory was rendered with; null where there is none to read. */
export const requestedBefore = (dir: string): RequestedBefore | null =>
  // the command that opens the run reports why
  orElse(null, () => {
    const { seed, shards, farm } = readDocument(join(dir, MANIFEST), Requested);
    return { seed, shards: shards ?? null, options: farm?.first_options ?? farm?.options ?? {} };
  });

const Collected = z.looseObject({
  run_id: z.string(),
  n_toys: Count,
  collected_at_utc: z.string(),
  plans: z.array(z.pick(Plan, { farm: true })),
  farm: z.looseObject({
    spec_sha256: z.string(),
    gen: z.string(),
    pulls: z.boolean(),
    workload: z.optional(z.looseObject({ name: z.string() })),
    starts: z.optional(z.looseObject({ k: Count })),
    collected: z.looseObject({ total: Count, ok: Count, times: z.looseObject({ cpu_s: z.number() }) }),
  }),
});

/** Returns what the whole and collected runs in a folder say of their CPU time. */
export function collectedBeside(out_dir: string): CollectedRun[] {
  return namesInPassing(out_dir).flatMap((name) => {
    try {
      const { farm: { collected, ...farm }, plans, ...run } = Collected.parse(manifestBeside(out_dir, name));
      const { run_id, n_toys, collected_at_utc } = run;
      const { spec_sha256, gen, pulls } = farm;
      const [workload, k] = [farm.workload?.name ?? null, farm.starts?.k ?? 1];
      const { total, ok, times: { cpu_s } } = collected;
      const live = plans.filter((plan) => plan.farm?.replaced_by === undefined).length;
      return ok < live || total !== live
        ? []
        : { run_id, n_toys, collected_at_utc, spec_sha256, gen, pulls, workload, k, cpu_s };
    } catch {
      return []; // no run, or one that cannot be read
    }
  });
}

/** Locked while a run takes seeds that no run in its folder has, so that no other run takes them at the same time. */
const SEEDS_LOCK = ".nsfarm-seeds.lock";

/** Calls `work`, which takes free seeds, while no other command takes any in this folder. */
export const whileTakingSeeds = <T>(out_dir: string, work: () => T): T =>
  whileLockedSync(join(out_dir, SEEDS_LOCK), work);

/** Returns the seeds from which the toys of runs are drawn. */
const drawnBy = (ranges: readonly TakenSeeds[]): TakenSeeds[] =>
  ranges.flatMap((range) => drawnSeeds(range.workload, [range]));

/** Returns a seed for new toys above all seeds of the runs in a folder; 42 where there are none. */
export function nextSeed(out_dir: string, toys: { workload: string; nToys: number }): number {
  const { ranges } = seedsBeside(out_dir);
  const next = ranges.reduce((next, { seed, n_toys }) => Math.max(next, seed + n_toys), 42);
  return freeSeedsOf(workloadNamed(toys.workload), next, toys.nToys, drawnBy(ranges));
}

/** Returns the first of `n` seeds above the run's own that neither it nor others of its spec in the folder use. */
export function freshSeed(dir: string, manifest: Manifest, n: number): number {
  const { ranges } = seedsBeside(dirname(dir));
  const others = ranges.filter(({ run, config }) => run !== basename(dir) && config === manifest.config);
  const workload = workloadOf(manifest);
  // Its own seeds too: after a jump over those of others it may be near those of its other hypothesis.
  const drawn = [...drawnBy(others), ...drawnSeeds(workload, joinRanges(manifest.plans))];
  return freeSeedsOf(workload, seedOf(manifest, manifest.n_toys), n, drawn);
}

const pointText = (gen = "init", set: Readonly<Record<string, number>> = {}): string =>
  JSON.stringify([gen, Object.entries(set).sort(([a], [b]) => a < b ? -1 : 1)]);

type NewToys = Pick<RunRequest, "seed" | "n_toys" | "config" | "workload" | "gen" | "set">;

/**
 * Returns warnings about the seeds of runs: toys of other runs of the same spec in the folder that have the same
 * seeds, also those of another hypothesis, and runs whose seeds could not be read.
 * @param own names of the runs that are to have these seeds
 */
export function seedWarnings(own: readonly string[], out_dir: string, mine: readonly NewToys[]): string[] {
  const { ranges, refused } = seedsBeside(out_dir);
  const theirs = drawnBy(ranges.filter(({ run }) => !own.includes(run)));
  const [most] = theirs.map((range) => sharedToys(mine, range)).sort((a, b) => b.count - a.count);
  if (!most || most.count === 0) return refusedWords(refused);
  const same = most.are_same ? "they are the same toys" : "they are drawn by the same random numbers";
  return [
    `${most.count} of these toys have the seeds of toys in the run "${most.run}" beside it: ${same}, not new ones (--seed next takes fresh ones)`,
    ...refusedWords(refused),
  ];
}

/**
 * Returns how many toys have the seeds of a range of another run, and whether they are the same toys: those of another
 * generation point, or of two hypotheses, differ although their random numbers do not.
 */
function sharedToys(mine: readonly NewToys[], theirs: TakenSeeds): { run: string; count: number; are_same: boolean } {
  let [count, are_same] = [0, true];
  for (const { workload: name, config, gen, set, ...seeds } of mine) {
    const workload = workloadNamed(name);
    const n = Math.max(...drawnSeeds(workload, [seeds]).map((one) => sharedSeeds(one, theirs)));
    if (config !== theirs.config || n <= 0) continue;
    const has_one = [workload, theirs.workload].every(({ seed_offsets }) => seed_offsets.length === 1);
    count += n;
    are_same &&= has_one && pointText(gen, set) === theirs.point;
  }
  return { run: theirs.run, count, are_same };
}

/** Returns the number of seeds that two ranges share; negative where they are apart. */
const sharedSeeds = (a: SeedRange, b: SeedRange): number =>
  Math.min(a.seed + a.n_toys, b.seed + b.n_toys) - Math.max(a.seed, b.seed);

function refusedWords(refused: readonly string[]): string[] {
  const [first, ...more] = refused;
  if (first === undefined) return [];
  const others = more.length > 0 ? ` (and ${more.length} more)` : "";
  return [`the seeds of other runs in the folder could not be compared: ${first}${others}`];
}

/** Returns `<prefix>_<UTC>`, with a number appended where that name exists. */
export function freshRunId(out_dir: string, prefix: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
  const base = `${prefix}_${stamp}`;
  for (let n = 1;; n++) {
    const id = n === 1 ? base : `${base}_${n}`;
    if (!exists(join(out_dir, id))) return id;
  }
}
