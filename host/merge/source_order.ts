import { join } from "node:path";
import type { Manifest, Plan } from "../../core/contracts/manifest.ts";
import { outName } from "../../core/run_paths.ts";

/** One output that a merge wants: plain data, so that it can be handed to a Worker. */
export type SourceOrder = ShardOrder | OldOrder | InputOrder;

interface OrderedToys {
  /** The place of its first toy in the merge's arrays. */
  at: number;
  n_toys: number;
  /** Why it is not to be merged after all. */
  left_out?: string;
}

/** A shard of a run of ours. */
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

/** An output that was named by itself, or some neighbouring toys of it. */
export interface InputOrder extends OrderedToys {
  kind: "input";
  path: string;
  /** Null where these are all toys that it holds. */
  slice: Slice | null;
}

export interface Slice {
  /** The place of its first toy in the output's arrays. */
  from: number;
  /** How many toys the output has. */
  of: number;
  poi_true: number;
}

/** What a merge's readers have in common. */
export interface ReadContext {
  dir: string;
  manifest: Manifest | null;
  /** Take results without a record, and those whose record is of another run. */
  accept_unrecorded: boolean;
}

/** Where an order's output lies. */
function orderPath({ dir }: ReadContext, order: SourceOrder): string {
  if (order.kind === "input") return order.path;
  return order.kind === "old" ? order.out : join(dir, outName(order.plan.shard_index));
}

/** The same orders, but for some (by their paths) that are not to be merged, each with the reason. */
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
