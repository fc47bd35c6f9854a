import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { NativeState } from "../../schedulers/adapter.ts";
import { absentSeconds, shardsWithFiles } from "./absent_since.ts";
import type { AskedShard } from "../shard/asked_shard.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import type { Run } from "../run/load_manifest.ts";

/** The state that tells most of what will happen, first. */
const ORDER = ["running", "queued", "held"] as const;

/**
 * What pilots' states mean for the shards, any of which any pilot may take: while one runs or waits, a shard that was
 * begun runs and the others wait; when all have ended, those that nobody began are simply open.
 */
export function statesOfPilots(
  run: Run<FarmManifest>,
  states: readonly NativeState[],
  given: ReadonlySet<number>,
): Map<number, AskedShard> {
  const begun = begunShards(run.dir, given);
  const best = ORDER.flatMap((state) => states.find((one) => one.state === state) ?? []).at(0);
  if (!best) return afterPilots(run, begun);
  const reason = best.state === "held" ? best.reason : "waits for a pilot";
  return new Map([...given].map((shard) => {
    const native: NativeState = begun.has(shard)
      ? { ...best, state: "running", shard, reason: null, host: null }
      : { ...best, state: best.state === "held" ? "held" : "queued", shard, reason, host: null };
    return [shard, { native, absent_s: null }];
  }));
}

/** Files of what was begun may be late. */
function afterPilots(run: Run<FarmManifest>, begun: ReadonlySet<number>): Map<number, AskedShard> {
  const recorded = shardsWithFiles(run.dir);
  const absent = absentSeconds(run.dir, [...begun].filter((shard) => !recorded.has(shard)));
  return new Map([...begun].map((shard) => [shard, { native: null, absent_s: absent.get(shard) ?? null }]));
}

/** Shards whose last attempt has no end yet. */
function begunShards(dir: string, given: ReadonlySet<number>): Set<number> {
  const begun = new Set<number>();
  for (const [shard, numbers] of listAttempts(dir)) {
    if (given.has(shard) && readAttempt(dir, shard, numbers.at(-1) ?? 0)?.end === null) begun.add(shard);
  }
  return begun;
}
