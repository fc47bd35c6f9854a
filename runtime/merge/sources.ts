import { join, resolve } from "node:path";
import * as z from "../../core/schema/zod.ts";
import { attemptTime } from "../../core/attempt_time.ts";
import { isFarmManifest, livePlans, runSeeds } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { countWarnings } from "../../core/fit_quality.ts";
import { type DocumentToys, documentToys, NEXTSTATS_MERGE } from "../../core/merge/document_toys.ts";
import type { SourceOrigin } from "../../core/merge/source_facts.ts";
import { outName } from "../../core/run_paths.ts";
import type { ShardOutput } from "../../core/output.ts";
import type { Manifest, Plan } from "../../core/schema/manifest.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { joinRanges, type SeedRange } from "../../core/toy_ranges.ts";
import { fitToys } from "../../core/workload/fit_toys.ts";
import type { AnyOutput, Workload } from "../../core/workload/workload.ts";
import { readDocument, Unreadable } from "../fs/read.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { oldShards } from "../shard/old_run.ts";
import { type CheckedOutput, readAnyOutput, readCommitted } from "../shard/read.ts";

/** An output for a merge, or its problem. */
export type Found<Output extends AnyOutput = ShardOutput> =
  | { origin: SourceOrigin; output: CheckedOutput<Output> }
  | { problem: Problem };

/**
 * Returns the origin of an output.
 * @param record of the attempt that made it; null: unknown
 */
export function origin(
  toys: { shard_index: number | null; toy_start: number; n_toys: number; seed: number },
  name: string,
  path: string,
  record: ShardRecord | null,
): SourceOrigin {
  const { shard_index, toy_start, n_toys, seed } = toys;
  return {
    shard_index,
    name,
    path,
    toy_start,
    n_toys,
    seed,
    host: record?.host ?? null,
    threads: record?.threads ?? null,
    run_token: record?.run_token ?? null,
    spec_sha256: record?.spec_sha256 ?? null,
    inputs: record?.inputs ?? null,
    nextstat_version: record?.nextstat_version ?? null,
    nextstat_sha256: record?.nextstat_sha256 ?? null,
    merged: null,
    time: record && attemptTime(record),
    elapsed_s: null,
    n_shards: record ? 1 : 0,
    warnings: record ? countWarnings(record.stderr_tail) : [],
  };
}

/**
 * Reads an output without a manifest: it must be consistent in itself and with our record beside it, if there is one.
 */
export function readInput(path: string): Found & { toys?: DocumentToys } {
  const record = recordBeside(path);
  const output = readAnyOutput(path, fitToys);
  if (output instanceof Unreadable) return problem(path, isNextstatsMerge(path) ? NEXTSTATS_MERGE : output.message);
  if (record && record.out_sha256 !== output.sha256) {
    return problem(path, "does not have the sha256 of the record beside it");
  }
  const toys = documentToys(output.output.frame);
  if ("fault" in toys) return problem(path, toys.fault);
  return { origin: originOf(toys, path, record), output, toys };
}

const problem = (path: string, what: string): Found => ({ problem: { shard_index: null, what: `"${path}" ${what}` } });

function originOf(toys: DocumentToys, path: string, record: ShardRecord | null): SourceOrigin {
  const own = origin(toys, `"${path}"`, path, record);
  if (!toys.merged) return own;
  const { source, ...merged } = toys.merged;
  return {
    ...own,
    host: onlyOne(merged.hosts),
    threads: onlyOne(merged.threads),
    spec_sha256: source.spec_sha256 ?? null,
    inputs: source.inputs ?? null,
    nextstat_version: source.nextstat_version ?? null,
    nextstat_sha256: source.nextstat_sha256 ?? null,
    n_shards: merged.fits?.n_shards ?? 0,
    warnings: merged.fits?.warnings ?? [],
    merged,
  };
}

/** Returns the only value of a list; null: there are none or several. */
export const onlyOne = <T>([one, ...others]: readonly T[]): T | null => others.length === 0 ? one ?? null : null;

/** Reads our record beside an output; null: there is none. */
export function recordBeside(path: string): ShardRecord | null {
  if (!path.endsWith(".out.json")) return null;
  const metrics = readCommitted(path.replace(/\.out\.json$/, ".metrics.json"));
  return metrics instanceof Unreadable ? null : metrics.farm;
}

/** Whether a document is nextstat's own merge, which lacks the parameters' names and so is no output to read. */
function isNextstatsMerge(path: string): boolean {
  try {
    readDocument(path, z.looseObject({ merged: z.literal(true), shards: z.array(z.unknown()) }));
    return true;
  } catch {
    return false;
  }
}

/** One output for a merge: plain data, so that it can be sent to a Worker. */
export type SourceOrder = RunOrder | InputOrder;

/** A shard of a run. */
export type RunOrder = ShardOrder | OldOrder;

interface OrderedToys {
  /** Position of its first toy in the merge's arrays. */
  at: number;
  n_toys: number;
  /** Why it is left out. */
  left_out?: string;
}

/** A shard of a run that this program rendered. */
interface ShardOrder extends OrderedToys {
  kind: "shard";
  plan: Plan;
}

/** A shard of a run of the old scripts. */
export interface OldOrder extends OrderedToys {
  kind: "old";
  plan: Plan;
  out: string;
  metrics: string;
  rc: number | null;
  host: string | null;
  elapsed_s: number | null;
}

/** An output that was named by its path, or some neighbouring toys of it. */
export interface InputOrder extends OrderedToys {
  kind: "input";
  path: string;
  /** Null: all toys of the output. */
  slice: Slice | null;
}

/** Part of the toys of an output. */
export interface Slice {
  /** Position of its first toy in the output's arrays. */
  from: number;
  /** Number of toys of the output. */
  of: number;
  poi_true: number;
}

/** Facts that the readers of a merge share. */
export interface ReadContext {
  dir: string;
  manifest: Manifest | null;
  /** Whether results without a record, and those with the record of another run, are accepted. */
  accept_unrecorded: boolean;
}

/** Returns the path of an order's output. */
function orderPath({ dir }: ReadContext, order: SourceOrder): string {
  if (order.kind === "input") return order.path;
  return order.kind === "old" ? order.out : join(dir, outName(order.plan.shard_index));
}

/** Returns the same orders; those whose paths are in `why` are marked as left out, with the reason. */
export function withLeftOut(
  context: ReadContext,
  orders: readonly SourceOrder[],
  why: Map<string, string>,
): readonly SourceOrder[] {
  if (why.size === 0) return orders;
  return orders.map((order) => {
    const left_out = why.get(orderPath(context, order));
    return left_out === undefined ? order : { ...order, left_out };
  });
}

/** The inputs of a merge. */
export interface Sources {
  run: Run | null;
  context: ReadContext;
  /** In toy order, with their positions. */
  orders: SourceOrder[];
  /** Number of outputs that they are parts of. */
  n_sources: number;
  /** The toys of the whole set. */
  wanted: SeedRange[];
  /** The workload of outputs with counts that were named one by one. */
  counted?: Workload;
}

/** The shards of a run as inputs. */
export interface RunSources extends Sources {
  run: Run;
  /** In toy order, with their positions. */
  orders: RunOrder[];
}

/**
 * Returns the live shards of a run.
 * @throws {FarmError} input
 */
export function runSources(path: string, accept_unrecorded: boolean): RunSources {
  const run = openRun(path);
  const { manifest, dir } = run;
  const orders = placed<Unplaced<RunOrder>>(isFarmManifest(manifest) ? farmOrders(run) : oldOrders(run));
  return {
    run,
    context: { dir, manifest, accept_unrecorded },
    orders,
    n_sources: orders.length,
    wanted: runSeeds({ plans: livePlans(manifest) }),
  };
}

type Unplaced<T> = T extends SourceOrder ? Omit<T, "at"> : never;

function farmOrders({ manifest }: Run): Unplaced<ShardOrder>[] {
  return livePlans(manifest)
    .sort((a, b) => a.toy_start - b.toy_start)
    .map((plan) => ({ kind: "shard", plan, n_toys: plan.n_toys }));
}

function oldOrders(run: Run): Unplaced<OldOrder>[] {
  if (run.manifest.farm) {
    throw new FarmError(
      "input",
      `The manifest "${run.manifest_path}" lacks members that a run of this program has`,
      "Restore it from a copy",
    );
  }
  return oldShards(run)
    .sort((a, b) => a.plan.toy_start - b.plan.toy_start)
    .map(({ plan, out, metrics, rc, host, elapsed_s }) => ({
      kind: "old",
      plan,
      out,
      metrics,
      rc,
      host,
      elapsed_s,
      n_toys: plan.n_toys,
    }));
}

function placed<T extends { n_toys: number }>(orders: readonly T[]): (T & { at: number })[] {
  let at = 0;
  return orders.map((order) => {
    const here = at;
    at += order.n_toys;
    return { ...order, at: here };
  });
}

/** Returns outputs by their paths; each declares its own toys and runs. */
export function inputSources(paths: readonly string[]): Sources {
  const inspected = paths.map((path) => inspectInput(resolve(path)));
  const parts = inspected.flatMap((one) => one.parts).sort((a, b) => a.seed - b.seed || (a.path < b.path ? -1 : 1));
  return {
    run: null,
    context: { dir: "", manifest: null, accept_unrecorded: true },
    orders: placed(parts.map(({ path, n_toys, slice }) => ({ kind: "input", path, n_toys, slice }))),
    n_sources: paths.length,
    wanted: joinRanges(inspected.flatMap(({ wanted }) => wanted)),
  };
}

interface InspectedInput {
  parts: (Unplaced<InputOrder> & { seed: number })[];
  wanted: readonly SeedRange[];
}

/** Reads an output for the order only; its problems are reported when it is read again. */
function inspectInput(path: string): InspectedInput {
  const input = { kind: "input", path } as const;
  const { toys } = readInput(path);
  if (!toys) return { parts: [{ ...input, seed: Infinity, n_toys: 0, slice: null }], wanted: [] };
  const { seed, n_toys, pieces, wanted } = toys;
  if (pieces.length === 1) return { parts: [{ ...input, seed, n_toys, slice: null }], wanted };
  let from = 0;
  const parts = pieces.map((piece) => {
    const slice = { from, of: n_toys, poi_true: piece.poi_true };
    from += piece.n_toys;
    return { ...input, seed: piece.seed, n_toys: piece.n_toys, slice };
  });
  return { parts, wanted };
}
