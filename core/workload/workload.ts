import type { FitPaths } from "../fit_command.ts";
import type { Machines } from "../merge/equal.ts";
import type { Json } from "../merge/json_text.ts";
import type { ArrayEntries, ShardOutput } from "../output.ts";
import type { FarmManifest, Manifest, Plan, RUN_SCHEMAS, WorkloadSettings } from "../schema/manifest.ts";
import type { MergedAbout } from "../schema/merged.ts";
import type { Distributions } from "../statistics.ts";
import type { SpecFault } from "./spec_kind.ts";

/** A checked output that has numbers of toys instead of a value for each toy. */
export interface CountedOutput {
  document: unknown;
  /** Toys by the outcome of their fits; where a toy has several fits, of the kind with the most failures. */
  n_toys: number;
  n_converged: number;
  n_nonconverged: number;
  n_error: number;
}

/** A checked output of any workload. */
export type AnyOutput = ShardOutput | CountedOutput;

/** Returns the output of a workload whose outputs have a value for each toy. @throws {Error} for another output */
export function withToys(output: AnyOutput): ShardOutput {
  if ("frame" in output) return output;
  throw new Error("This output has no value for each toy");
}

/** An output as it was parsed. `entries`: where its arrays are in the text, if it has arrays in nextstat's layout. */
interface ParsedOutput<Output> {
  output: Output;
  entries: ArrayEntries | null;
}

/** The sum of counted shards. */
export interface AddedUp {
  /** Members of the merged document as nextstat writes them for one run of all toys. */
  document: { [member: string]: Json };
  /** Further members of `merge.farm`. */
  farm: { [member: string]: Json };
  /** The result in lines for a person. */
  lines: string[];
}

export interface ExportedShard<Output> {
  plan: Plan;
  output: Output;
  /** Null: unknown, as in some runs of the old scripts. */
  host: string | null;
  /** Settings of the run; undefined: none. */
  settings?: WorkloadSettings | undefined;
}

/** A value of an export; null where nextstat has none. */
export type Cell = number | boolean | string | null;

export interface ExportColumn<Output = AnyOutput> {
  name: string;
  /** `integer`: a whole number below 2^53, never null; `real`: a double. */
  type: "integer" | "real" | "boolean" | "text";
  of(shard: ExportedShard<Output>, i: number): Cell;
}

/** The rows into which `export` turns a shard. */
export interface ExportedRows<Output> {
  count(output: Output): number;
  columns: readonly ExportColumn<Output>[];
}

/** What a workload shares with the others: how its result is compared and added up where it is counts. */
interface CountedMerge<Output> {
  /** `schema_version` of the merged document. */
  schema: string;
  /** Returns why an output cannot be added to another of its run, or null. @param machines same machine and threads */
  mismatch(output: Output, usual: Output, machines: Machines): string | null;
  /** Returns whether a JSON document is an output of this workload, of one nextstat run or merged. */
  isOutput(document: unknown): boolean;
  /** Returns the seed of the first toy of an output of one nextstat run. */
  firstSeed(output: Output): number;
  /** Returns the sum of at least one output, in toy order. @param settings of the run; undefined: outputs of no run */
  addUp(
    outputs: readonly Output[],
    settings: WorkloadSettings | undefined,
    distributions: Distributions,
  ): AddedUp;
  /** Returns what a merged document says about itself; null: it is none of this workload. */
  about(document: unknown): MergedAbout | null;
}

/** What a spec says of its test beforehand, where need be by fits of changed copies of it. */
export interface SpecFacts {
  /** Returns members of the settings by the parsed spec alone. */
  ofSpec(spec: unknown, manifest: FarmManifest): Partial<WorkloadSettings>;
  /** Returns copies of the spec whose fits say more. */
  copies(spec: unknown, manifest: FarmManifest): unknown[];
  /** Returns nextstat's arguments that fit one copy. */
  command(manifest: FarmManifest, paths: Pick<FitPaths, "nextstat" | "config" | "out">): string[];
  /** Returns members of the settings by the fits of the copies, in their order; null: nextstat could not fit it. */
  ofFits(spec: unknown, manifest: FarmManifest, documents: readonly unknown[]): Partial<WorkloadSettings>;
}

/**
 * What the shards of a run do: nextstat's command for one shard, and how its output is read, checked and merged. Pure,
 * as an adapter is for a scheduler; nothing else knows which workload a run has.
 */
export interface Workload<Output extends AnyOutput = AnyOutput> {
  /** Name in --workload and in the manifest. */
  name: string;
  /** `schema_version` of the manifest. */
  run_schema: typeof RUN_SCHEMAS[number];
  /** Flags of nextstat that this program sets itself; --extra-arg may not contain them. */
  owned_flags: readonly string[];
  /** Whether toys are generated at a point that --gen, --set and --freeze-gen choose, and have pulls and guardrails. */
  has_generation: boolean;
  /** Whether nextstat writes a metrics document beside the output. */
  has_metrics: boolean;
  /** What is added to the seed of a toy, for each hypothesis for which it is drawn: [0] for one alone. */
  seed_offsets: readonly number[];
  /** Returns why this parsed spec is of another kind or cannot be tested, or null, also where it is not understood. */
  specFault(spec: unknown): SpecFault | null;
  /** Returns the manifest's settings; undefined: none. @throws {FarmError} usage, for a missing or foreign flag */
  settings(given: { mu: number | undefined; signal_scale?: number | undefined }): WorkloadSettings | undefined;
  /**
   * Returns the user's arguments that change the model of a workspace, for other commands of nextstat on it. Absent: the
   * workload reads no workspace.
   */
  modelWords?(manifest: FarmManifest): string[];
  /** Returns nextstat's arguments for one shard. @param threads 1 or more */
  command(manifest: FarmManifest, plan: Plan, paths: FitPaths, threads: number): string[];
  /** Returns whether a shard's arguments differ from those of other shards in more than `--shard I/K`. */
  hasOwnCommand(manifest: FarmManifest, plan: Plan): boolean;
  /** Parses an output. @throws {Error} with one line about the fault; SyntaxError where the text is no JSON */
  parse(text: string): ParsedOutput<Output>;
  /** Returns which members of an output contradict each other, or null. */
  selfFault(output: Output): string | null;
  /** Returns where an output differs from its plan, or null. */
  planFault(manifest: Manifest, plan: Plan, output: Output): string | null;
  /** Returns whether the text of an output with the right sha256 is of this plan; a value of each toy is not read. */
  isOfPlan(manifest: FarmManifest, plan: Plan, text: string): boolean;
  /** Returns what makes two outputs of one shard differ, or null. */
  equalFault(a: Output, b: Output, machines: Machines): string | null;
  /** Returns whether nextstat reports a failed guardrail on this output's own toys. */
  failedGuardrail(output: Output): boolean;
  /** Returns the number of toys whose fits converged, and of those that ended with an error. */
  counts(output: Output): { n_converged: number; n_error: number };
  /** A test without toys whose result is kept in the settings and shown beside that of the toys; null: none. */
  reference: null | {
    command(manifest: FarmManifest, paths: Pick<FitPaths, "nextstat" | "config" | "out" | "root">): string[];
    read(document: unknown, settings: WorkloadSettings, distributions: Distributions): WorkloadSettings;
  };
  /** Absent: a spec says nothing of its test beforehand. */
  spec_facts?: SpecFacts;
  rows: ExportedRows<Output>;
  /** null: outputs have a value for each toy, and are merged toy by toy (runtime/merge/merge.ts). */
  merge: CountedMerge<Output> | null;
}
