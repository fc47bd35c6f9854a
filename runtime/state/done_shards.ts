import { type AttemptTime, attemptTime } from "../../core/attempt_time.ts";

import { recordHost } from "../../core/record.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { manifestBytes, type Run } from "../run/load_manifest.ts";
import { readProven, readUntouched } from "../shard/read.ts";
import { type SecondThread, serveThread, SHARD_READER, startThread, takeParts } from "../system/second_thread.ts";

/** Facts of a done shard. Not its record: each garbage collection would have to move thousands of records. */
export interface DoneShard {
  time: AttemptTime;
  /** The host by the name that its scheduler, or the hosts file, has for it. */
  host: string;
  glibc: string | null;
  exit_code: number | null;
  wall_s: number | null;
}

export const doneShard = (record: ShardRecord): DoneShard => ({
  time: attemptTime(record),
  host: recordHost(record),
  glibc: record.glibc ?? null,
  exit_code: record.exit_code,
  wall_s: record.wall_s,
});

/** How a shard is found done: `proven` by the sha256 of its output, `untouched` by size and time. */
type Look = "proven" | "untouched";

const READ = { proven: readProven, untouched: readUntouched };

type RunFiles = Pick<Run<FarmManifest>, "dir" | "manifest">;

/** Returns a shard that is done; null where all its files must be read for its state. */
export function readDone({ dir, manifest }: RunFiles, plan: Plan, look: Look): DoneShard | null {
  const record = READ[look](dir, manifest, plan);
  return record && doneShard(record);
}

/**
 * Size of a manifest from which a second thread pays. It delays the first by 16 ms, in which that one reads 250 shards
 * (`untouched`: 700). A shard is 210 bytes of a manifest, after a collect 850.
 */
const LARGE_BYTES: Record<Look, number> = { proven: 400_000, untouched: 1_500_000 };

/** Shards of one part: about 5 ms of work. */
const PART_SHARDS = 100;

interface Request {
  dir: string;
  /** JSON of the manifest, which takes a third of the time of a structured clone. */
  manifest: string;
  list: ShardList;
}

/** A list of shards that two threads share out. */
interface ShardList {
  look: Look;
  /** Their indexes. */
  wanted: Int32Array;
  /** In shared memory: the next free part. */
  next: Int32Array;
}

type Found = [shard: number, done: DoneShard][];

export type ShardReader = SecondThread<Request, Found>;

/**
 * Starts a second thread for a run, to be ready when its manifest is parsed; its program is this module. Returns
 * undefined where no thread is possible or it would not pay.
 */
export const startShardReader = (run: string, look: Look): ShardReader | undefined =>
  manifestBytes(run) >= LARGE_BYTES[look] ? startThread(import.meta.url, SHARD_READER) : undefined;

/**
 * Returns those of the shards that are done, with a second thread where there is one. A shard that is not among them
 * may be done all the same: all its files must be read for its state.
 * @param wanted their indexes; `untouched` stops near the first that is not done
 */
export async function readDoneShards(
  run: Run<FarmManifest>,
  wanted: readonly number[],
  look: Look,
  reader: ShardReader | undefined,
): Promise<Map<number, DoneShard>> {
  const next = new Int32Array(new SharedArrayBuffer(4));
  const list: ShardList = { look, wanted: Int32Array.from(wanted), next };
  const done = new Map<number, DoneShard>();
  const take = (found: Found) => found.forEach(([shard, one]) => done.set(shard, one));
  const manifest = () => JSON.stringify({ ...run.manifest, results: [] });
  const read = reader?.request({ dir: run.dir, manifest: manifest(), list }, take);
  readFree(run, list, take);
  await read;
  return done;
}

function readFree(run: RunFiles, { look, wanted, next }: ShardList, give: (found: Found) => void): void {
  takeParts(next, Math.ceil(wanted.length / PART_SHARDS), (part) => {
    const found: Found = [];
    for (const shard of wanted.subarray(part * PART_SHARDS, (part + 1) * PART_SHARDS)) {
      const plan = run.manifest.plans[shard];
      const done = plan ? readDone(run, plan, look) : null;
      if (done) found.push([shard, done]);
      else if (look === "untouched") {
        Atomics.store(next, 0, wanted.length);
        break;
      }
    }
    give(found);
  });
}

serveThread<Request, Found>(SHARD_READER, ({ dir, manifest: text, list }, give) => {
  const manifest: FarmManifest = JSON.parse(text);
  readFree({ dir, manifest }, list, give);
});
