import { livePlans } from "../check_manifest.ts";
import { EXIT_CODES } from "../errors.ts";
import { fitWarnings } from "../fit_quality.ts";
import { namedShards, rangeText } from "../format.ts";
import { MERGED } from "../run_paths.ts";
import type { AskedGuardrails, Manifest, Plan } from "../schema/manifest.ts";
import type { MergedAbout } from "../schema/merged.ts";
import { missingRanges } from "../toy_ranges.ts";
import { failureText, guardrailsText } from "./guardrails.ts";

/** What was found in the place of merged.out.json: nothing, a fault, or what the document says of itself. */
export type FoundMerged = { kind: "absent" } | { kind: "unreadable"; what: string } | {
  kind: "read";
  about: MergedAbout;
  /** Its bytes are not those that the last merge wrote; false too where that was not compared. */
  is_changed: boolean;
};

/**
 * damaged: it cannot be read, or was changed after the merge. other: it is not of the run as it is now (of another run or spec; the run was extended or
 * its shards cut since). partial: toys of the run are missing in it. whole: all toys of the run are in it.
 */
type MergedState = "absent" | "damaged" | "other" | "partial" | "whole";

/**
 * What a person must know of a merged document. `guardrail`: the toys are there, and not what was asked of them. `fits`: a
 * warning of how they were fitted.
 */
export interface MergedFinding {
  kind: "damaged" | "other" | "partial" | "guardrail" | "fits" | "note";
  /** A line that stands alone. */
  what: string;
}

/** What merged.out.json is worth for its run. */
export interface MergedCheck {
  state: MergedState;
  /** null: nothing is known of them. */
  guardrails_passed: boolean | null;
  findings: MergedFinding[];
}

/** Whether merged.out.json is what its run should have, by what both say; its toys are not compared. */
export function checkMerged(manifest: Manifest, found: FoundMerged): MergedCheck {
  if (found.kind === "absent") return { state: "absent", guardrails_passed: null, findings: [] };
  if (found.kind === "unreadable") {
    const damaged: MergedFinding = { kind: "damaged", what: `${MERGED} ${found.what}` };
    return { state: "damaged", guardrails_passed: null, findings: [damaged] };
  }
  const { about } = found;
  const findings = [
    ...(found.is_changed ? [CHANGED] : []),
    ...setFindings(manifest, about),
    ...guardrailFindings(manifest, about),
    ...fitsFindings(about),
  ];
  const guardrails_passed = isUnjudged(manifest, about) ? null : about.guardrails?.passed ?? null;
  return { state: stateOf(findings), guardrails_passed, findings };
}

const CHANGED: MergedFinding = {
  kind: "damaged",
  what: `${MERGED} is not what the last merge wrote: merge_status.json has another sha256`,
};

function stateOf(findings: readonly MergedFinding[]): MergedState {
  const has = (kind: MergedFinding["kind"]) => findings.some((one) => one.kind === kind);
  if (has("damaged")) return "damaged";
  return has("other") ? "other" : has("partial") ? "partial" : "whole";
}

/** 6 where only guardrails failed, 5 where the document is not of the whole run, 0 where there is none. */
export function mergedExitCode({ findings }: MergedCheck): number {
  if (findings.some(isSetFault)) return EXIT_CODES.shards;
  return findings.some(({ kind }) => kind === "guardrail") ? EXIT_CODES.guardrails : EXIT_CODES.done;
}

/** Whether a finding says that the document is not that of the whole run; the others are about the toys in it. */
export const isSetFault = ({ kind }: MergedFinding): boolean =>
  kind === "damaged" || kind === "other" || kind === "partial";

/** The guardrails that failed, on one line; null where none did. */
export function guardrailError({ findings }: MergedCheck): string | null {
  return findings.filter(({ kind }) => kind === "guardrail").map(({ what }) => what).join("; ") || null;
}

/** All that is wrong with the document, warnings left out, on one line; null where nothing is. */
export function mergedError({ findings }: MergedCheck): string | null {
  return findings.filter(({ kind }) => kind !== "note" && kind !== "fits").map(({ what }) => what).join("; ") || null;
}

function fitsFindings({ merge: { farm } }: MergedAbout): MergedFinding[] {
  const words = farm?.fits ? fitWarnings(farm.fits) : [];
  return words.map((what) => ({ kind: "fits", what: `warning: ${what}` }));
}

function setFindings(manifest: Manifest, about: MergedAbout): MergedFinding[] {
  const other = otherText(manifest, about);
  if (other !== null) return [{ kind: "other", what: `${MERGED} ${other}` }];
  const missing = missingText(manifest, about);
  return missing === null ? [] : [{ kind: "partial", what: `${MERGED} is partial: ${missing}` }];
}

function otherText({ seed, n_toys, plans, farm }: Manifest, { gen, merge }: MergedAbout): string | null {
  const { run_tokens = [], spec_sha256 = null } = merge.farm ?? {};
  if (gen.seed !== seed) return `is of another run: its first seed is ${gen.seed}, the run's is ${seed}`;
  const token = farm && run_tokens.find((one) => one !== farm.run_token);
  if (token !== undefined) return `is of another run: its token is ${token}, the run's is ${farm?.run_token}`;
  if (farm && spec_sha256 !== null && spec_sha256 !== farm.spec_sha256) return "is of another spec than the run's";
  if (gen.n_toys !== n_toys) {
    return `is not of the run as it is now: it is of ${gen.n_toys} toys, the run has ${n_toys}`;
  }
  const live = new Set(livePlans({ plans }).map(placeOf));
  const gone = merge.sources.filter((source) => source.shard_index !== null && !live.has(placeOf(source)));
  if (gone.length === 0) return null;
  const shards = namedShards(gone.flatMap(({ shard_index }) => shard_index ?? []));
  return `is not of the run as it is now: the run has no ${shards} with the toys that it names`;
}

const placeOf = ({ shard_index, toy_start, n_toys }: Pick<MergedAbout["merge"]["sources"][number], keyof Place>) =>
  `${shard_index} ${toy_start} ${n_toys}`;
type Place = Pick<Plan, "shard_index" | "toy_start" | "n_toys">;

function missingText({ n_toys }: Manifest, { merge }: MergedAbout): string | null {
  const held = merge.sources.map((source) => ({ seed: source.toy_start, n_toys: source.n_toys }));
  const missing = missingRanges([{ seed: 0, n_toys }], held);
  if (missing.length === 0) return merge.farm?.partial === true ? "its merge says so" : null;
  const n_missing = missing.reduce((sum, range) => sum + range.n_toys, 0);
  const ranges = missing.map(({ seed, n_toys }) => rangeText(seed, seed + n_toys - 1));
  const most = 12;
  const more = ranges.length > most ? ` and ${ranges.length - most} more ranges` : "";
  return `${n_toys - n_missing} of ${n_toys} toys, without toys ${ranges.slice(0, most).join(", ")}${more}`;
}

/** Other scripts take a shard's word for that of the set. */
const isUnjudged = ({ farm }: Manifest, { merge }: MergedAbout): boolean =>
  farm !== undefined && merge.farm === undefined;

function guardrailFindings(manifest: Manifest, about: MergedAbout): MergedFinding[] {
  const asked = manifest.farm?.guardrails ?? null;
  if (isUnjudged(manifest, about)) return asked && asksAny(asked) ? [unjudged(asked)] : [];
  const { guardrails } = about;
  if (!guardrails) return [];
  const failures = guardrails.passed ? [] : guardrails.failures ?? ["without a reason"];
  const judged = {
    require_all_converged: guardrails.require_all_converged ?? false,
    max_abs_poi_pull_mean: guardrails.max_abs_poi_pull_mean ?? null,
    poi_pull_std_range: guardrails.poi_pull_std_range ?? null,
  };
  return [
    ...failures.map((what): MergedFinding => ({
      kind: "guardrail",
      what: `guardrail failed: ${failureText(what)} (${MERGED})`,
    })),
    ...(asked === null || guardrailsText(judged) === guardrailsText(asked) ? [] : [replaced(judged, asked)]),
  ];
}

const asksAny = (asked: AskedGuardrails): boolean =>
  asked.require_all_converged || asked.max_abs_poi_pull_mean !== null || asked.poi_pull_std_range !== null;

const unjudged = (asked: AskedGuardrails): MergedFinding => ({
  kind: "other",
  what: `${MERGED} was merged by other scripts: the run's guardrails (${guardrailsText(asked)}) were not judged on it`,
});

const replaced = (judged: AskedGuardrails, asked: AskedGuardrails): MergedFinding => ({
  kind: "note",
  what: `guardrails as merged: ${guardrailsText(judged)}; the run asked for: ${guardrailsText(asked)} (${MERGED})`,
});
