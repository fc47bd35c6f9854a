/** Recipes for clusters, with the version and the sums of the archives: EasyBuild, Spack, a modulefile, install.sh. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Mustache from "mustache";
import { NEEDED_GLIBC } from "../../core/glibc.ts";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { root } from "../tool_paths.ts";

/** Templates in packaging/, and the names of what they become. */
const RECIPES: Record<string, (version: string) => string> = {
  "easyconfig.eb": (version) => `nsfarm-deno-${version}.eb`,
  "spack_package.py": () => "spack_package.py",
  "modulefile.lua": (version) => `modulefile-${version}.lua`,
  "install.sh": () => "install.sh",
};

/** Writes them into the folder that has the archives. */
export async function makeRecipes(version: string, out: string): Promise<void> {
  const archives = (await readdir(out)).filter((name) => name.endsWith("-linux.tar.gz")).sort();
  const sums = archives.map(async (file) => ({
    ...{ file, sha256: sha256Of(await readFile(join(out, file))), arch: file.split("-").at(-2) ?? "" },
  }));
  const values = { version, glibc: NEEDED_GLIBC, archives: await Promise.all(sums) };
  for (const [template, nameOf] of Object.entries(RECIPES)) {
    const text = await readFile(join(root, "packaging", template), "utf8");
    await writeFile(join(out, nameOf(version)), Mustache.render(text, values, {}, { escape: String }));
  }
}
