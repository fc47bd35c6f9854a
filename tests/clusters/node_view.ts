import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { giveAway, output } from "./as_user.ts";
import type { SlurmCluster } from "./slurm_cluster.ts";

/**
 * A run directory as the nodes of a cluster see it: a copy, whose new files are invisible here until they are copied.
 */
interface NodeView {
  /** Path of the copy. */
  place: string;
  /** Copies the files with these names to the others' view; all files without an argument. */
  bring(names?: RegExp): Promise<void>;
}

/** Replaces a run directory by a copy on all nodes while `work` runs, like a slow file system. */
export async function withNodeView(
  { dir: cluster }: SlurmCluster,
  run_dir: string,
  work: (view: NodeView) => Promise<void>,
): Promise<void> {
  const place = `${run_dir}.on-nodes`;
  await cp(run_dir, place, { recursive: true });
  await giveAway(place);
  const namespaces = ["n1", "n2"].map((node) => `--mount=${join(cluster, "ns", `${node}.mnt`)}`);
  for (const one of namespaces) await output(["nsenter", one, "--", "mount", "--bind", place, run_dir], {});
  try {
    await work({ place, bring: (names = /./) => bring(place, run_dir, names) });
  } finally {
    for (const one of namespaces) await output(["nsenter", one, "--", "umount", "-l", run_dir], {});
  }
}

async function bring(place: string, run_dir: string, names: RegExp): Promise<void> {
  for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !names.test(entry.name)) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(run_dir, from.slice(place.length + 1));
    await output(["cp", "--preserve=all", from, to], {});
  }
}
