import { resolve } from "node:path";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { SeedRange } from "../../core/merge/toy_ranges.ts";
import { joinRanges } from "../../core/merge/toy_ranges.ts";
import type { Run } from "../run/load_manifest.ts";
import { oldShards } from "../run/old_run.ts";
import { openRun } from "../run/run_home.ts";
import { readInput } from "./read_input.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";

/** What a merge is to be made of. */
export interface Sources {
  run: Run | null;
  context: ReadContext;
  /** In toy order, with their places. */
  orders: SourceOrder[];
  /** Which toys the whole set has. */
  wanted: SeedRange[];
}

/** The live shards of a run. @throws {FarmError} input */
export function runSources(path: string, accept_unrecorded: boolean): Sources {
  const run = openRun(path);
  const { manifest, dir } = run;
  return {
    run,
    context: { dir, manifest, accept_unrecorded },
    orders: placed(isFarmManifest(manifest) ? farmOrders(run) : oldOrders(run)),
    wanted: [{ seed: manifest.seed, n_toys: manifest.n_toys }],
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

/** Outputs by their paths: each says itself which toys of which run it holds. */
export function inputSources(paths: readonly string[]): Sources {
  const looked = paths.map((path) => look(resolve(path))).sort((a, b) => a.seed - b.seed || (a.path < b.path ? -1 : 1));
  return {
    run: null,
    context: { dir: "", manifest: null, accept_unrecorded: true },
    orders: placed(looked.map(({ path, n_toys }) => ({ kind: "input", path, n_toys }))),
    wanted: joinRanges(looked.flatMap(({ wanted }) => wanted ?? [])),
  };
}

interface Looked extends SeedRange {
  path: string;
  wanted: SeedRange | null;
}

/** A first look for the order only; what is wrong with it is told by the second. */
function look(path: string): Looked {
  const found = readInput(path);
  if ("problem" in found) return { path, seed: Infinity, n_toys: 0, wanted: null };
  const { origin: { seed, n_toys }, output: { output: { frame: { gen, shard } } } } = found;
  return { path, seed, n_toys, wanted: shard ? { seed: gen.seed, n_toys: gen.n_toys } : { seed, n_toys } };
}

/** Tells whether two threads see the same shards: every change of a run's plans changes it. */
export function fingerprint({ run, orders }: Sources): string {
  const { manifest } = run ?? {};
  return JSON.stringify([manifest?.farm?.run_token, manifest?.created_at_utc, manifest?.n_toys, orders.length]);
}
