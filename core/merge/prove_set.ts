import type { Problem } from "../contracts/merge_status.ts";
import { isEqualNumber } from "./equal.ts";
import type { SourceFacts } from "./source_facts.ts";
import { overlaps } from "./toy_ranges.ts";

/** What must be the same in all outputs of one merge. `of` gives null where it is not known. */
interface SameRule {
  what: string;
  of: (source: SourceFacts) => unknown;
  shown: (source: SourceFacts) => string;
}

const RULES: SameRule[] = [
  rule("parameter list", (s) => s.parameter_names, (s) => s.parameter_names.join(", ")),
  rule("POI", (s) => s.poi_index, (s) => s.parameter_names[s.poi_index] ?? `index ${s.poi_index}`),
  rule("generation point", (s) => s.point, (s) => `"${s.point}"`),
  rule(
    "set of generation overrides",
    (s) => s.overrides,
    (s) => s.overrides.map(([name, value]) => `${name} = ${value}`).join(", ") || "none",
  ),
  rule("schema of the spec", (s) => s.input_schema_version, (s) => s.input_schema_version),
  rule("spec", (s) => s.spec_sha256, (s) => `sha256 ${s.spec_sha256?.slice(0, 12)}`),
  rule("set of inputs", (s) => s.inputs, () => "by their sha256"),
  rule("nextstat", (s) => s.nextstat_version, (s) => `version ${s.nextstat_version}`),
  rule("choice of pulls", (s) => s.has_pulls, (s) => s.has_pulls ? "with" : "without"),
];

function rule(what: string, of: SameRule["of"], shown: SameRule["shown"]): SameRule {
  return { what, of, shown };
}

/** An output that does not belong to the others. */
export interface OddOne {
  source: SourceFacts;
  what: string;
}

/** Outputs that differ from most others in what must be one in a set. */
export function oddOnes(sources: readonly SourceFacts[]): OddOne[] {
  return [...RULES.flatMap((rule) => differing(sources, rule)), ...otherPoints(sources)];
}

/** Toys that more than one output holds. */
export function doubles(sources: readonly SourceFacts[]): Problem[] {
  return overlaps(sources).map(({ earlier, later }) => ({
    shard_index: later.shard_index,
    what: `${later.name} holds toys that ${earlier.name} holds too: seeds from ${later.seed} on`,
  }));
}

/** Those that differ from the largest group of equal ones. */
function differing(sources: readonly SourceFacts[], { what, of, shown }: SameRule): OddOne[] {
  const known = sources.find((source) => of(source) !== null);
  const first = known ? of(known) : null;
  if (sources.every((source) => of(source) === first || of(source) === null)) return [];
  const groups = Map.groupBy(sources.filter((source) => of(source) !== null), of);
  const [most = [], ...others] = [...groups.values()].sort((a, b) => b.length - a.length);
  const [usual] = most;
  return others.flat().map((source) => ({
    source,
    what: `${source.name} has another ${what} than most: ${shown(source)}${usual ? `, wanted ${shown(usual)}` : ""}`,
  }));
}

/** Those whose generated values are not Equal to most others' (contract, "Equal"). */
function otherPoints(sources: readonly SourceFacts[]): OddOne[] {
  const far = (usual: SourceFacts | undefined) =>
    sources.flatMap((source) => {
      const what = usual && pointFault(source, usual);
      return what ? [{ source, what }] : [];
    });
  let found = far(sources[0]);
  if (found.length > sources.length / 2) found = far(found[0]?.source);
  return found.map(({ source, what }) => ({ source, what: `${source.name} ${what}` }));
}

function pointFault(source: SourceFacts, usual: SourceFacts): string | undefined {
  const where = source.host === usual.host && source.threads === usual.threads ? "same" : "other";
  if (source.params.length !== usual.params.length) return undefined;
  if (source.params !== usual.params) {
    const i = source.params.findIndex((value, k) => !isEqualNumber(value, usual.params[k] ?? NaN, where));
    if (i >= 0) {
      return `was generated at another ${source.parameter_names[i]}: ${source.params[i]}, most at ${usual.params[i]}`;
    }
  }
  if (isEqualNumber(source.poi_true, usual.poi_true, where)) return undefined;
  return `has another poi_true: ${source.poi_true}, most have ${usual.poi_true}`;
}

/** By how much generation points that are Equal still differ: largest less smallest value. */
export interface GenSpread {
  params: number[];
  poi_true: number;
}

/** Null where all points are exactly the same. */
export function genSpread(sources: readonly SourceFacts[]): GenSpread | null {
  const spread = (values: number[]) =>
    values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
  const [first] = sources;
  if (!first || sources.every((one) => one.params === first.params && one.poi_true === first.poi_true)) return null;
  const params = first.params.map((_, i) => spread(sources.map((one) => one.params[i] ?? NaN)));
  return { params, poi_true: spread(sources.map((one) => one.poi_true)) };
}
