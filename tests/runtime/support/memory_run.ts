import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { FakeScheduler } from "./fake_adapter.ts";
import { inFastTime } from "./fast_time.ts";

/** A run of four shards with 1G of memory, of whose scheduler a fake answers. */
export class MemoryRun {
  readonly fake = new FakeScheduler();
  readonly notes: string[] = [];
  constructor(readonly dir: string) {}

  get now() {
    return loadFarmRun(this.dir);
  }

  get memory() {
    return this.now.manifest.farm.options["slurm-memory"];
  }
}

/** Writes such a run and does `work` with it, in a time in which waits take no time. */
export function inMemoryRun<T extends MemoryRun>(
  Kind: new (dir: string) => T,
  work: (run: T) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const manifest = inventedRun(dir);
    const farm = { ...manifest.farm, options: { "slurm-memory": "1G" } };
    await writeFile(join(dir, "manifest.json"), JSON.stringify({ ...manifest, scheduler: "fake", farm }));
    await inFastTime(() => work(new Kind(dir)));
  });
}
