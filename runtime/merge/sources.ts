import { join, resolve } from "node:path";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { outName } from "../../core/run_paths.ts";
import type { Manifest, Plan } from "../../core/schema/manifest.ts";
import { joinRanges, type SeedRange } from "../../core/toy_ranges.ts";
import type { Workload } from "../../core/workload/workload.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { type OldShard, oldShards } from "../shard/old_run.ts";
import { readInput } from "./read_input.ts";

/** One output for a merge: plain data, so that it can be sent to a Worker. */
export type SourceOrder = RunOrder | InputOrder;

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

export interface OldOrder extends OrderedToys, OldShard {
  kind: "old";
}

/** An output that was named by its path, or some neighbouring toys of it. */
export interface InputOrder extends OrderedToys {
  kind: "input";
  path: string;
  /** Null: all toys of the output. */
  slice: Slice | null;
}

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

export interface RunSources extends Sources {
  run: Run;
  /** In toy order, with their positions. */
  orders: RunOrder[];
}

/** Returns the live shards of a run. @throws {FarmError} input */
export function runSources(path: string, accept_unrecorded: boolean): RunSources {
  const run = openRun(path);
  const { manifest, dir } = run;
  const orders = placed<Unplaced<RunOrder>>(isFarmManifest(manifest) ? farmOrders(run) : oldOrders(run));
  return {
    run,
    context: { dir, manifest, accept_unrecorded },
    orders,
    n_sources: orders.length,
    wanted: joinRanges(livePlans(manifest)),
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
    .map((shard) => ({ kind: "old", ...shard, n_toys: shard.plan.n_toys }));
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
