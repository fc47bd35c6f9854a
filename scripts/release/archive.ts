/** A folder as one .tar.gz: the same files give the same bytes. */
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runTool } from "../tools/run_tool.ts";

/** Time of every file in an archive, in seconds since 1970 (https://reproducible-builds.org/docs/archives/). */
export const ARCHIVE_TIME_S = 946_684_800;

const STABLE = ["--format=ustar", "--sort=name", `--mtime=@${ARCHIVE_TIME_S}`, "--owner=0", "--group=0"].concat(
  ["--numeric-owner", "--mode=u+rwX,go+rX,go-w"],
);

/** Packs a folder under a name into `out`. */
export async function makeArchive(folder: string, name: string, out: string): Promise<void> {
  const options = { doing: `pack ${name}.tar.gz`, next: "install GNU tar and gzip", cwd: dirname(folder) };
  const tar = join(dirname(folder), `${name}.tar`);
  const named = ["--transform", `s,^\\.,${name},`, "-C", folder];
  await runTool("tar", [...STABLE, ...named, "-cf", tar, "."], options);
  await runTool("gzip", ["-9", "-n", tar], options);
  await rename(`${tar}.gz`, join(out, `${name}.tar.gz`));
}
