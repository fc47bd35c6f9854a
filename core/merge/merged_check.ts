import { livePlans } from "../check_manifest.ts";
import { EXIT_CODES } from "../errors.ts";
import { fitWarnings } from "../fit_quality.ts";
import { namedShards, rangeText } from "../format.ts";
import { MERGED } from "../run_paths.ts";
import type { Manifest, Plan, RequestedGuardrails } from "../schema/manifest.ts";
import type { MergedAbout } from "../schema/merged.ts";
import { startsNotes } from "../starts/words.ts";
import { missingRanges, sumToys } from "../toy_ranges.ts";
import { failureText, guardrailsText, hasGuardrail, judgedGuardrails } from "./guardrails.ts";

/** State of the file merged.out.json: absent, unreadable, or what the document says about itself. */
export type FoundMerged = { kind: "absent" } | { kind: "unreadable"; what: string } | {
  kind: "read";
  about: MergedAbout;
  /** Why its bytes do not count as those of the last merge; null: they do, or were not compared. */
  fault: string | null;
};

/**
 * damaged: unreadable, or changed after the merge. other: not of the present run (another run or spec, or the run was
 * extended or cut since). partial: toys of the run are missing. whole: contains all toys of the run.
 */
type MergedState = "absent" | "damaged" | "other" | "partial" | "whole";

/**
 * A problem of a merged document. `guardrail`: the toys are complete but fail one. `fits`: a warning about fits. `starts`:
 * what several starts show of fits, which is no problem.
 */
export interface MergedFinding {
  kind: "damaged" | "other" | "partial" | "guardrail" | "fits" | "starts" | "note";
  /** One line that needs no context. */
  what: string;
}

/** Verdict on the merged.out.json of a run. */
export interface MergedCheck {
  state: MergedState;
  /** null: unknown. */
  guardrails_passed: boolean | null;
  findings: MergedFinding[];
}

/** Compares merged.out.json with the manifest by what both say about themselves, not by the toys. */
export function checkMerged(manifest: Manifest, found: FoundMerged): MergedCheck {
  if (found.kind === "absent") return { state: "absent", guardrails_passed: null, findings: [] };
  if (found.kind === "unreadable") {
    return { state: "damaged", guardrails_passed: null, findings: [damaged(found.what)] };
  }
  const { about } = found;
  const findings = [
    ...(found.fault === null ? [] : [damaged(found.fault)]),
    ...setFindings(manifest, about),
    ...guardrailFindings(manifest, about),
    ...fitsFindings(about),
  ];
  const guardrails_passed = isUnjudged(manifest, about) ? null : about.guardrails?.passed ?? null;
  return { state: stateOf(findings), guardrails_passed, findings };
}

const damaged = (what: string): MergedFinding => ({ kind: "damaged", what: `${MERGED} ${what}` });

function stateOf(findings: readonly MergedFinding[]): MergedState {
  const has = (kind: MergedFinding["kind"]) => findings.some((one) => one.kind === kind);
  if (has("damaged")) return "damaged";
  return has("other") ? "other" : has("partial") ? "partial" : "whole";
}

/** Returns 6 if only guardrails failed, 5 if the document is not that of the whole run, 0 without findings. */
export function mergedExitCode({ findings }: MergedCheck): number {
  if (findings.some(isSetFault)) return EXIT_CODES.shards;
  return findings.some(({ kind }) => kind === "guardrail") ? EXIT_CODES.guardrails : EXIT_CODES.done;
}

/** Returns whether a finding concerns the set (damaged, other, partial); the other findings concern its toys. */
export const isSetFault = ({ kind }: MergedFinding): boolean =>
  kind === "damaged" || kind === "other" || kind === "partial";

/** Returns the failed guardrails on one line; null if none failed. */
export function guardrailError({ findings }: MergedCheck): string | null {
  return findings.filter(({ kind }) => kind === "guardrail").map(({ what }) => what).join("; ") || null;
}

/** Returns all findings except warnings and notes on one line; null if there are none. */
export function mergedError({ findings }: MergedCheck): string | null {
  const silent: ReadonlySet<MergedFinding["kind"]> = new Set(["note", "fits", "starts"]);
  return findings.filter(({ kind }) => !silent.has(kind)).map(({ what }) => what).join("; ") || null;
}

function fitsFindings({ merge: { farm } }: MergedAbout): MergedFinding[] {
  if (!farm?.fits) return [];
  const { fits, starts, starts_check } = farm;
  const words = fitWarnings({ ...fits, ...(starts ? { starts } : {}), ...(starts_check ? { starts_check } : {}) });
  return [
    ...(starts ? startsNotes(starts) : []).map((what): MergedFinding => ({ kind: "starts", what })),
    ...words.map((what): MergedFinding => ({ kind: "fits", what: `warning: ${what}` })),
  ];
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
  const n_missing = sumToys(missing);
  const ranges = missing.map(({ seed, n_toys }) => rangeText(seed, seed + n_toys - 1));
  const most = 12;
  const more = ranges.length > most ? ` and ${ranges.length - most} more ranges` : "";
  return `${n_toys - n_missing} of ${n_toys} toys, without toys ${ranges.slice(0, most).join(", ")}${more}`;
}

/** Other scripts report a shard's guardrails in place of the set's. */
const isUnjudged = ({ farm }: Manifest, { merge }: MergedAbout): boolean =>
  farm !== undefined && merge.farm === undefined;

function guardrailFindings(manifest: Manifest, about: MergedAbout): MergedFinding[] {
  const requested = manifest.farm?.guardrails ?? null;
  if (isUnjudged(manifest, about)) return requested && hasGuardrail(requested) ? [unjudged(requested)] : [];
  const { guardrails } = about;
  if (!guardrails) return [];
  const failures = guardrails.passed ? [] : guardrails.failures ?? ["without a reason"];
  const judged = judgedGuardrails(guardrails);
  return [
    ...failures.map((what): MergedFinding => ({
      kind: "guardrail",
      what: `guardrail failed: ${failureText(what)} (${MERGED})`,
    })),
    ...(requested === null || guardrailsText(judged) === guardrailsText(requested)
      ? []
      : [replaced(judged, requested)]),
  ];
}

const unjudged = (requested: RequestedGuardrails): MergedFinding => ({
  kind: "other",
  what: `${MERGED} was merged by other scripts: the run's guardrails (${
    guardrailsText(requested)
  }) were not judged on it`,
});

const replaced = (judged: RequestedGuardrails, requested: RequestedGuardrails): MergedFinding => ({
  kind: "note",
  what: `guardrails as merged: ${guardrailsText(judged)}; the run requests: ${guardrailsText(requested)} (${MERGED})`,
});
