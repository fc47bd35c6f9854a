import { basename, join } from "node:path";
import * as z from "zod/mini";
import { Manifest } from "../../core/contracts/manifest.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { listNames } from "../shard/attempts.ts";
import { readDocument } from "../disk/read_file.ts";
import { exists } from "../disk/write_file.ts";

const Seeds = z.pick(Manifest, { schema_version: true, run_id: true, seed: true, n_toys: true, config: true });

interface SeedRange {
  run: string;
  config: string | undefined;
  seed: number;
  n_toys: number;
}

/** Seeds used by the runs in a folder; what is no run is passed over. */
function seedsBeside(out_dir: string): SeedRange[] {
  return listNames(out_dir).flatMap((name) => {
    const path = join(out_dir, name, MANIFEST);
    if (!exists(path)) return [];
    try {
      const { seed, n_toys, config } = readDocument(path, Seeds);
      return [{ run: name, config, seed, n_toys }];
    } catch {
      return [];
    }
  });
}

/** The first seed above all that the runs in a folder use; 42 where there are none. */
export function nextSeed(out_dir: string): number {
  return seedsBeside(out_dir).reduce((next, { seed, n_toys }) => Math.max(next, seed + n_toys), 42);
}

/** A warning where another run of the same spec beside this one has toys of the same seeds, else null. */
export function seedOverlap(
  dir: string,
  out_dir: string,
  mine: { seed: number; n_toys: number; config: string },
): string | null {
  const shared = seedsBeside(out_dir).map(({ run, config, seed, n_toys }) => {
    const from = Math.max(seed, mine.seed);
    const count = Math.min(seed + n_toys, mine.seed + mine.n_toys) - from;
    return { run, count: run === basename(dir) || config !== mine.config ? 0 : count };
  }).sort((a, b) => b.count - a.count)[0];
  if (!shared || shared.count <= 0) return null;
  return `${shared.count} of these toys have the seeds of toys in the run "${shared.run}" beside it: they are the same toys, not new ones (--seed next takes fresh ones)`;
}

/** `<prefix>_<UTC>`, with a number behind it where that is taken. */
export function freshRunId(out_dir: string, prefix: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
  const base = `${prefix}_${stamp}`;
  for (let n = 1;; n++) {
    const id = n === 1 ? base : `${base}_${n}`;
    if (!exists(join(out_dir, id))) return id;
  }
}
