import { basename, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import type { RunStarts, Start } from "../../core/schema/starts.ts";
import { STARTS } from "../../core/staging.ts";
import { chooseStarts, findersOf, lowestNlls } from "../../core/starts/choose.ts";
import { MISSED_NLL } from "../../core/starts/tally.ts";
import { MOST_MISSED, MOST_STARTS } from "../../core/starts/words.ts";
import { hashFile, sha256Of } from "../fs/hash_file.ts";
import { stampAndSum } from "../run/read_spec.ts";
import { dataFilesOf, sharedFilesOf, type StartsSource, writeCandidate } from "./data.ts";
import { boundsOfStart, fitTrial, onAllCores, type TrialRun } from "./fits.ts";

/** Data sets that are drawn and fitted: at least, of a large spec too; up to `some` by 16 for a start, then 6 for each. */
const CANDIDATES = { least: 32, some: 64, first: 16, further: 6 };

/** Number of starts for which `auto` draws. */
const AUTO_AS = 16;

/** Events that a spec expects, from which on half as many data sets are drawn. */
const LARGE_EVENTS = 5000;

/** Toys on which starts are chosen, in the same way; none but a large spec has as few as `fewest`. */
const TRIAL_TOYS = { least: 60, some: 100, first: 25, further: 8, fewest: 8 };

/** Returns how many of something K starts are chosen by. */
const manyFor = (k: number, { least, some, first, further }: typeof CANDIDATES): number =>
  Math.max(least, Math.min(some, first * k), further * k);

/** Events in all trial toys of a start, and in all data sets that are drawn: a large spec has fewer, which takes minutes. */
const MOST_EVENTS = { of_toys: 1_200_000, of_candidates: 3_200_000 };

/** Fewest data sets that are drawn, besides two for each start. */
const LEAST_CANDIDATES = 8;

/** Returns how many data sets and trial toys a spec affords; by its yields and not by a clock, so that a seed decides. */
function effortOf({ channels }: StartsSource, asked: number | "auto"): { n_candidates: number; n_trial_toys: number } {
  const n_events = channels.reduce((sum, { expected }) => sum + expected, 0);
  const isLarge = n_events > LARGE_EVENTS;
  const k = asked === "auto" ? AUTO_AS : asked;
  const most = isLarge ? Math.max(CANDIDATES.least, 2 * k) : manyFor(k, CANDIDATES);
  const most_toys = isLarge ? TRIAL_TOYS.least : manyFor(k, TRIAL_TOYS);
  const least = Math.max(LEAST_CANDIDATES, asked === "auto" ? 0 : 2 * asked);
  const within = (lo: number, hi: number, n: number) => Math.max(lo, Math.min(hi, Math.floor(n)));
  return {
    n_candidates: within(least, most, MOST_EVENTS.of_candidates / n_events),
    n_trial_toys: within(TRIAL_TOYS.fewest, most_toys, MOST_EVENTS.of_toys / n_events),
  };
}

/** A spec from which fits can start. */
interface Candidate {
  /** null: the run's own data. */
  candidate: number | null;
  spec: string;
  name: string;
}

interface MadeStarts {
  starts: RunStarts;
  notes: string[];
}

/**
 * Makes the starts of a run: data sets drawn from the observed rows, of which those are chosen that together lower most
 * trial toys. They are the same for the same seed. Files are written to `starts` in the scratch folder.
 * @throws {FarmError} input, where no start can be made
 */
export async function makeStarts(run: TrialRun, source: StartsSource, asked: number | "auto"): Promise<MadeStarts> {
  const { n_candidates, n_trial_toys } = effortOf(source, asked);
  const valid = await validCandidates(run, source, n_candidates);
  const tried = await tryAll(run, valid, { n_toys: n_trial_toys, set: 0 });
  // The run's own data alone are the start that it has without.
  if (tried.length === 0 || (valid.length === 1 && asked !== 1)) {
    throw new FarmError(
      "input",
      `Cannot make starts for "${source.config}": none of ${n_candidates} data sets has a fit that converges within the bounds`,
      "Widen the bounds of its parameters, or leave --starts out",
    );
  }
  const most = asked === "auto" ? MOST_STARTS : asked;
  const order = chooseStarts(tried.map(({ nll }) => nll), most).flatMap((i) => tried[i]?.one ?? []);
  const table = await judge(run, tried.map(({ one }) => one), order, n_trial_toys);
  const auto = asked === "auto" ? enoughOf(table, run.manifest.farm.guardrails.max_missed ?? MOST_MISSED) : undefined;
  const k = auto?.k ?? order.length;
  const list = order.slice(0, k).map((one, index) => writeStart(run, source, one, index));
  const shared = list.some(({ spec }) => spec !== null) ? sharedFilesOf(source).map((name) => `${STARTS}/${name}`) : [];
  const names = list.flatMap(({ spec }, index) => spec === null ? [] : [spec, ...filesOf(source, index)]);
  const found = [...names, ...shared].map((path) => ({ path, ...stampAndSum(join(run.scratch, path)) }));
  return {
    starts: {
      ...{ asked, k, list, n_candidates, n_valid: valid.length, n_trial_toys },
      files: found.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
      mtimes_ms: Object.fromEntries(found.map(({ path, mtime_ms }) => [path, mtime_ms])),
      table,
    },
    notes: [...fewerNotes(asked, k, n_candidates), ...(auto?.notes ?? [])],
  };
}

const fewerNotes = (asked: number | "auto", k: number, n_candidates: number): string[] =>
  asked === "auto" || k === asked ? [] : [
    `only ${k} of ${asked} starts could be made: of ${n_candidates} data sets the others have no fit within the bounds`,
  ];

/** Returns the run's own spec and the candidates whose fits can be starts, those on fewest bounds first, of `n` drawn. */
export async function validCandidates(run: TrialRun, source: StartsSource, n: number): Promise<Candidate[]> {
  const dir = join(run.scratch, "candidates");
  const names = Array.from({ length: n }, (_, candidate) => candidate);
  const poi_bounds = source.parameters.find(({ name }) => name === source.spec.model.poi)?.bounds ??
    [-Infinity, Infinity];
  const drawn = await onAllCores(names, async (candidate) => {
    const name = `candidate_${candidate}`;
    const spec = writeCandidate(dir, source, { seed: run.manifest.seed, candidate, name });
    return { candidate, spec, name, n_bounds: await boundsOfStart(run, spec, { name, poi_bounds }) };
  });
  const valid = drawn.flatMap(({ n_bounds, ...one }) => n_bounds === null ? [] : [{ n_bounds, one }]);
  const freest = valid.toSorted((a, b) => a.n_bounds - b.n_bounds).map(({ one }) => one);
  return [{ candidate: null, spec: source.config, name: "own" }, ...freest];
}

interface Tried {
  one: Candidate;
  nll: Float64Array;
  cpu_s: number;
}

async function tryAll(
  run: TrialRun,
  candidates: readonly Candidate[],
  toys_of: { n_toys: number; set: number },
): Promise<Tried[]> {
  const tried = await onAllCores(candidates, async (one): Promise<Tried[]> => {
    const toys = await fitTrial(run, one.spec, { name: one.name, ...toys_of });
    return toys ? [{ one, nll: toys.nll, cpu_s: toys.cpu_s }] : [];
  });
  return tried.flat();
}

type Row = NonNullable<RunStarts["table"]>[number];

/** Counts the trial toys, others than those that chose, that the first starts miss and some other data set finds. */
async function judge(
  run: TrialRun,
  all: readonly Candidate[],
  order: readonly Candidate[],
  n_toys: number,
): Promise<Row[]> {
  const second = await tryAll(run, all, { n_toys, set: 1 });
  const lowest = lowestNlls(second.map(({ nll }) => nll));
  const finders = findersOf(second.map(({ nll }) => nll), lowest);
  const own = new Map(second.map(({ one, nll, cpu_s }) => [one, { nll, cpu_s }]));
  const sizes = [1, 2, 4, 8, 16, 32, 64].filter((k) => k <= order.length);
  if (sizes.at(-1) !== order.length) sizes.push(order.length);
  return sizes.map((k): Row => {
    const first = order.slice(0, k).flatMap((one) => own.get(one) ?? []);
    const reached = lowestNlls(first.map(({ nll }) => nll));
    const isMissed = (toy: number) => (reached[toy] ?? NaN) - (lowest[toy] ?? NaN) >= MISSED_NLL;
    const toys = [...lowest.keys()];
    const n_missed = toys.filter(isMissed).length;
    const n_unsure = toys.filter((toy) => isMissed(toy) || finders[toy] === 1).length;
    return { k, n_toys: lowest.length, n_missed, n_unsure, cpu_s: first.reduce((sum, { cpu_s }) => sum + cpu_s, 0) };
  });
}

/** Finds the number of starts that trial toys need. */
function enoughOf(table: readonly Row[], max_missed: number): { k: number; notes: string[] } {
  const enough = table.find(({ n_missed, n_toys }) => n_missed <= max_missed * n_toys);
  const last = table.at(-1) ?? { k: 1, n_missed: 0, n_toys: 0 };
  if (enough) return { k: enough.k, notes: [] };
  const left =
    `${last.k} starts, the most that --starts auto takes here, still miss ${last.n_missed} of ${last.n_toys} trial toys: the result says what is missed`;
  return { k: last.k, notes: [left] };
}

const filesOf = (source: StartsSource, index: number): string[] =>
  dataFilesOf(source, `start_${index}`).map((name) => `${STARTS}/${name}`);

function writeStart(run: TrialRun, source: StartsSource, { candidate, spec }: Candidate, index: number): Start {
  if (candidate === null) {
    const files = source.channels.map(({ file }) => file);
    return {
      index,
      spec: null,
      data_file: files.join(", "),
      sha256: sumOf(files.map((file) => join(spec, "..", file))),
    };
  }
  const dir = join(run.scratch, STARTS);
  const path = writeCandidate(dir, source, { seed: run.manifest.seed, candidate, name: `start_${index}` });
  const files = filesOf(source, index);
  const sha256 = sumOf(files.map((file) => join(run.scratch, file)));
  return { index, spec: `${STARTS}/${basename(path)}`, data_file: files.join(", "), sha256 };
}

function sumOf(paths: readonly string[]): string {
  const sums = paths.map((path) => hashFile(path).sha256);
  return sums.length === 1 ? sums[0] ?? "" : sha256Of(new TextEncoder().encode(sums.join("\n")));
}
