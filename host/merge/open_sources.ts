import { runSeeds } from "../../core/run_seeds.ts";
import { resolve } from "node:path";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { SeedRange } from "../../core/merge/toy_ranges.ts";
import { joinRanges } from "../../core/merge/toy_ranges.ts";
import type { Run } from "../run/load_manifest.ts";
import { oldShards } from "../shard/old_run.ts";
import { openRun } from "../run/run_home.ts";
import { readInput } from "./read_input.ts";
import type { InputOrder, ReadContext, SourceOrder } from "./source_order.ts";

/** What a merge is to be made of. */
export interface Sources {
  run: Run | null;
  context: ReadContext;
  /** In toy order, with their places. */
  orders: SourceOrder[];
  /** How many outputs they are parts of. */
  n_sources: number;
  /** Which toys the whole set has. */
  wanted: SeedRange[];
}

/** The live shards of a run. @throws {FarmError} input */
export function runSources(path: string, accept_unrecorded: boolean): Sources {
  const run = openRun(path);
  const { manifest, dir } = run;
  const orders = placed(isFarmManifest(manifest) ? farmOrders(run) : oldOrders(run));
  return {
    run,
    context: { dir, manifest, accept_unrecorded },
    orders,
    n_sources: orders.length,
    wanted: runSeeds({ plans: livePlans(manifest) }),
  };
}

type Unplaced<T> = T extends SourceOrder ? Omit<T, "at"> : never;

function farmOrders({ manifest }: Run): Unplaced<SourceOrder>[] {
  return livePlans(manifest)
    .sort((a, b) => a.toy_start - b.toy_start)
    .map((plan) => ({ kind: "shard", plan, n_toys: plan.n_toys }));
}

function oldOrders(run: Run): Unplaced<SourceOrder>[] {
  if (run.manifest.farm) {
    throw new FarmError(
      "input",
      `The manifest "${run.manifest_path}" lacks members that a run of this program has`,
      "Take it from a copy",
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

function placed(orders: Unplaced<SourceOrder>[]): SourceOrder[] {
  let at = 0;
  return orders.map((order) => {
    const here = at;
    at += order.n_toys;
    return { ...order, at: here };
  });
}

/** Outputs by their paths: each says itself which toys of which runs it holds. */
export function inputSources(paths: readonly string[]): Sources {
  const looked = paths.map((path) => look(resolve(path)));
  const parts = looked.flatMap((one) => one.parts).sort((a, b) => a.seed - b.seed || (a.path < b.path ? -1 : 1));
  return {
    run: null,
    context: { dir: "", manifest: null, accept_unrecorded: true },
    orders: placed(parts.map(({ path, n_toys, slice }) => ({ kind: "input", path, n_toys, slice }))),
    n_sources: paths.length,
    wanted: joinRanges(looked.flatMap(({ wanted }) => wanted)),
  };
}

interface Looked {
  parts: (Unplaced<InputOrder> & { seed: number })[];
  wanted: readonly SeedRange[];
}

/** A first look for the order only; what is wrong with it is told by the second. */
function look(path: string): Looked {
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

/** Tells whether two threads see the same shards: every change of a run's plans changes it. */
export function fingerprint({ run, orders }: Sources): string {
  const { manifest } = run ?? {};
  return JSON.stringify([manifest?.farm?.run_token, manifest?.created_at_utc, manifest?.n_toys, orders.length]);
}
