import type { Problem } from "../schema/merge_report.ts";
import { joinRanges, overlaps, type SeedRange, sumToys } from "../toy_ranges.ts";
import { isEqualNumber } from "./equal.ts";
import type { GenPoint } from "./merged_facts.ts";
import { hostsOf, rangesOf, type SourceFacts, type SourceOrigin, sourceThreads } from "./source_facts.ts";

/** A source whose generation point differs from most others'. */
interface OtherPoint {
  source: SourceFacts;
  what: string;
}

/** Returns the generation points of a source: one of a shard, several of a merged document. */
function pointsOf(source: SourceFacts): readonly GenPoint[] {
  const { merged, params, poi_true } = source;
  if (merged?.points) return merged.points;
  return [{ hosts: hostsOf(source), threads: sourceThreads(source), params, poi_true, seed_ranges: rangesOf(source) }];
}

/** Returns whether all toys were generated at exactly the same point. */
function isOnePoint(sources: readonly SourceFacts[]): boolean {
  const [first] = sources;
  return sources.every((one) => !one.merged?.points && one.params === first?.params && one.poi_true === first.poi_true);
}

/** Returns the sources whose point is not equal to that of most others within the tolerance (equal.ts). */
function otherPoints(sources: readonly SourceFacts[]): OtherPoint[] {
  if (isOnePoint(sources)) return [];
  let found = farFrom(sources[0], sources);
  if (found.length > sources.length / 2) found = farFrom(found[0]?.source, sources);
  return found;
}

/** Compares points of one machine and thread count with the first of these, and all with the point of `usual`. */
function farFrom(usual: SourceFacts | undefined, sources: readonly SourceFacts[]): OtherPoint[] {
  const [wanted] = usual ? pointsOf(usual) : [];
  if (!usual || !wanted) return [];
  const firstOf = new Map<string, GenPoint>();
  const faultOf = (point: GenPoint, names: readonly string[]) => {
    let fault = pointFault(point, wanted, "other", names);
    for (const machine of machinesOf(point)) {
      const first = firstOf.get(machine);
      if (first) fault ??= pointFault(point, first, "same", names);
      else firstOf.set(machine, point);
    }
    return fault;
  };
  for (const point of pointsOf(usual)) faultOf(point, usual.parameter_names);
  return sources.flatMap((source) => {
    const fault = pointsOf(source).map((point) => faultOf(point, source.parameter_names)).find((one) => one);
    return fault ? [{ source, what: `${source.name} ${fault}` }] : [];
  });
}

/** Returns each pair of machine and thread count; an unknown one counts as a machine of its own. */
function machinesOf({ hosts, threads }: GenPoint): string[] {
  const counts = threads.length > 0 ? threads : [null];
  return (hosts.length > 0 ? hosts : [null]).flatMap((host) => counts.map((count) => `${count} ${host}`));
}

function pointFault(
  point: GenPoint,
  usual: GenPoint,
  machines: "same" | "other",
  names: readonly string[],
): string | undefined {
  if (point.params.length !== usual.params.length) return undefined;
  if (point.params !== usual.params) {
    const i = point.params.findIndex((value, k) => !isEqualNumber(value, usual.params[k] ?? NaN, machines));
    if (i >= 0) return `was generated at another ${names[i]}: ${point.params[i]}, most at ${usual.params[i]}`;
  }
  if (isEqualNumber(point.poi_true, usual.poi_true, machines)) return undefined;
  return `has another poi_true: ${point.poi_true}, most have ${usual.poi_true}`;
}

/** Returns largest minus smallest value of the generation points, equal within the tolerance; null if identical. */
export function genSpread(sources: readonly SourceFacts[]): { params: number[]; poi_true: number } | null {
  const spread = (values: number[]) =>
    values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
  const [first] = sources;
  if (!first || isOnePoint(sources)) return null;
  const points = sources.flatMap(pointsOf);
  const params = first.params.map((_, i) => spread(points.map((one) => one.params[i] ?? NaN)));
  return { params, poi_true: spread(points.map((one) => one.poi_true)) };
}

/** Returns each different point once, with all its toys, in the order of first seeds; null if all are identical. */
export function distinctPoints(sources: readonly SourceFacts[]): GenPoint[] | null {
  if (isOnePoint(sources)) return null;
  const keyOf = ({ hosts, threads, params, poi_true }: GenPoint) => JSON.stringify([hosts, threads, params, poi_true]);
  const groups = Map.groupBy(sources.flatMap(pointsOf), keyOf);
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    return first ? [{ ...first, seed_ranges: joinRanges(same.flatMap((one) => one.seed_ranges)) }] : [];
  }).sort((a, b) => (a.seed_ranges[0]?.seed ?? 0) - (b.seed_ranges[0]?.seed ?? 0));
}

/** A member that must be the same in all outputs of a merge. `of` returns null if it is unknown. */
interface SameRule<Source> {
  what: string;
  of: (source: Source) => unknown;
  shown: (source: Source) => string;
}

/** Members of every output, whether it has values of toys or counts. */
const ORIGIN_RULES: SameRule<SourceOrigin>[] = [
  rule("spec", (s) => s.spec_sha256, (s) => `sha256 ${s.spec_sha256?.slice(0, 12)}`),
  rule("set of inputs", (s) => s.inputs, () => "by their sha256"),
  rule("nextstat", (s) => s.nextstat_version, (s) => `version ${s.nextstat_version}`),
];

const RULES: SameRule<SourceFacts>[] = [
  rule("parameter list", (s) => s.parameter_names, (s) => s.parameter_names.join(", ")),
  rule("POI", (s) => s.poi_index, (s) => s.parameter_names[s.poi_index] ?? `index ${s.poi_index}`),
  rule("generation point", (s) => s.point, (s) => `"${s.point}"`),
  rule(
    "set of generation overrides",
    (s) => s.overrides,
    (s) => s.overrides.map(([name, value]) => `${name} = ${value}`).join(", ") || "none",
  ),
  rule("schema of the spec", (s) => s.input_schema_version, (s) => s.input_schema_version),
  ...ORIGIN_RULES,
  rule("choice of pulls", (s) => s.has_pulls, (s) => s.has_pulls ? "with" : "without"),
];

function rule<Source = SourceFacts>(
  what: string,
  of: SameRule<Source>["of"],
  shown: SameRule<Source>["shown"],
): SameRule<Source> {
  return { what, of, shown };
}

/** An output that does not belong to the set. */
export interface Mismatch<Source = SourceFacts> {
  source: Source;
  what: string;
}

/** Returns the outputs that differ from most others in a member that a set shares. */
export function mismatches(sources: readonly SourceFacts[]): Mismatch[] {
  return [...RULES.flatMap((rule) => differing(sources, rule)), ...otherPoints(sources)];
}

/** Returns the outputs that differ from most in spec, inputs or nextstat. @param sources equal inputs are one object */
export const originMismatches = <Source extends SourceOrigin>(sources: readonly Source[]): Mismatch<Source>[] =>
  ORIGIN_RULES.flatMap((rule) => differing(sources, rule));

/** Returns a problem for each pair of outputs with common toys. @param drawn returns the seeds of the drawn toys */
export function duplicateSeeds(
  sources: readonly SourceOrigin[],
  drawn: (ranges: readonly SeedRange[]) => readonly SeedRange[] = (ranges) => ranges,
): Problem[] {
  const ranges = sources.flatMap((source) =>
    drawn(rangesOf(source)).map(({ seed, n_toys }) => ({ seed, n_toys, source }))
  );
  const reported = new Set<string>();
  return overlaps(ranges).flatMap(({ earlier, later }) => {
    const pair = `${later.source.path}\n${earlier.source.path}`;
    if (reported.has(pair)) return [];
    reported.add(pair);
    const { shard_index, name } = later.source;
    return [{
      shard_index,
      what: `${name} holds toys that ${earlier.source.name} holds too: seeds from ${later.seed} on`,
    }];
  });
}

/** Returns the outputs that differ from the largest group, by number of toys, of equal outputs. */
function differing<Source extends SourceOrigin>(
  sources: readonly Source[],
  { what, of, shown }: SameRule<Source>,
): Mismatch<Source>[] {
  const known = sources.find((source) => of(source) !== null);
  const first = known ? of(known) : null;
  if (sources.every((source) => of(source) === first || of(source) === null)) return [];
  const groups = Map.groupBy(sources.filter((source) => of(source) !== null), of);
  const [most = [], ...others] = [...groups.values()].sort((a, b) => sumToys(b) - sumToys(a));
  const [usual] = most;
  return others.flat().map((source) => ({
    source,
    what: `${source.name} has another ${what} than most: ${shown(source)}${usual ? `, wanted ${shown(usual)}` : ""}`,
  }));
}
