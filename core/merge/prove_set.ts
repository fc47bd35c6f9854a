import type { Problem } from "../contracts/merge_status.ts";
import { otherPoints } from "./gen_points.ts";
import { rangesOf, type SourceFacts } from "./source_facts.ts";
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
  const ranges = sources.flatMap((source) => rangesOf(source).map(({ seed, n_toys }) => ({ seed, n_toys, source })));
  const told = new Set<string>();
  return overlaps(ranges).flatMap(({ earlier, later }) => {
    const pair = `${later.source.path}\n${earlier.source.path}`;
    if (told.has(pair)) return [];
    told.add(pair);
    const { shard_index, name } = later.source;
    return [{
      shard_index,
      what: `${name} holds toys that ${earlier.source.name} holds too: seeds from ${later.seed} on`,
    }];
  });
}

/** Those that differ from the largest group of equal ones, by their toys. */
function differing(sources: readonly SourceFacts[], { what, of, shown }: SameRule): OddOne[] {
  const known = sources.find((source) => of(source) !== null);
  const first = known ? of(known) : null;
  if (sources.every((source) => of(source) === first || of(source) === null)) return [];
  const groups = Map.groupBy(sources.filter((source) => of(source) !== null), of);
  const [most = [], ...others] = [...groups.values()].sort((a, b) => toysIn(b) - toysIn(a));
  const [usual] = most;
  return others.flat().map((source) => ({
    source,
    what: `${source.name} has another ${what} than most: ${shown(source)}${usual ? `, wanted ${shown(usual)}` : ""}`,
  }));
}

const toysIn = (sources: readonly SourceFacts[]): number => sources.reduce((sum, { n_toys }) => sum + n_toys, 0);
