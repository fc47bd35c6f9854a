import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { binary } from "../support/farm.ts";
import type { Cluster } from "./cluster.ts";

const refusalOf = (program: string) =>
  `echo "${program}: /lib64/libc.so.6: version \\\`GLIBC_2.27' not found" >&2; exit 1`;

/**
 * Makes a node one with glibc 2.17 while `work` runs: `getconf` says so there, and the program, where the
 * node sees it, ends with the words of that glibc's loader.
 * @param folder that the node sees
 */
export async function withOldGlibc(
  { onNode }: Pick<Cluster, "onNode">,
  node: string,
  folder: string,
  work: () => Promise<void>,
): Promise<void> {
  const program = await Deno.realPath(binary());
  const isSeen = await onNode(node, "test", "-e", program).then(() => true, () => false);
  const fakes = {
    [await Deno.realPath("/usr/bin/getconf")]: "echo glibc 2.17",
    ...(isSeen ? { [program]: refusalOf(program) } : {}),
  };
  const mounted: string[] = [];
  try {
    for (const [path, body] of Object.entries(fakes)) {
      const fake = join(folder, `old-${mounted.length}`);
      await writeFile(fake, `#!/bin/sh\n${body}\n`);
      await chmod(fake, 0o755);
      await onNode(node, "mount", "--bind", fake, path);
      mounted.push(path);
    }
    await work();
  } finally {
    for (const path of mounted) await onNode(node, "umount", "-l", path);
  }
}
