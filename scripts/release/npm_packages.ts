/** npm packages: one with the program for each kind of machine, and the one that people install, which starts it. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NEEDED_GLIBC } from "../../core/glibc.ts";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { root } from "../tool_paths.ts";
import { runTool } from "../tools/run_tool.ts";
import { HOMEPAGE, readmeOf, SUMMARY } from "./readme.ts";

/** Node's names of machines (process.arch) by those of the programs. */
const CPUS: Record<string, string> = { x86_64: "x64", aarch64: "arm64" };

const COMMON = {
  description: SUMMARY,
  keywords: ["slurm", "htcondor", "toys"],
  homepage: HOMEPAGE,
  license: "MIT",
  type: "commonjs",
};

const INSTALL = ["npm install --global nsfarm-deno", "pip install nextstat-cli     # nextstat must be on PATH"];

/**
 * Packs the program of one kind of machine and, for this machine's, the package that starts it. npm installs only the
 * optional dependency whose "os" and "cpu" fit (https://docs.npmjs.com/cli/configuring-npm/package-json#os).
 */
export async function makeNpmPackages(tree: string, version: string, arch: string, out: string): Promise<void> {
  const cpu = CPUS[arch] ?? arch;
  const name = `nsfarm-deno-linux-${cpu}`;
  const files = { bin: join(tree, "bin"), share: join(tree, "share"), LICENSE: join(root, "LICENSE") };
  await pack({ name, version, ...COMMON, os: ["linux"], cpu: [cpu], files: ["bin", "share"] }, files, tree, out);
  if (Deno.build.arch !== arch) return;
  const sha256 = { [name]: sha256Of(await readFile(join(tree, "bin/nsfarm-deno"))) };
  const starter = {
    ...{ name: "nsfarm-deno", version, ...COMMON, engines: { node: ">=18" } },
    ...{ bin: { "nsfarm-deno": "start.js" }, files: ["start.js"] },
    ...{ optionalDependencies: { [name]: version }, "nsfarm-deno": { glibc: NEEDED_GLIBC, sha256 } },
  };
  const start = { "start.js": join(root, "packaging/npm_start.js"), LICENSE: join(root, "LICENSE") };
  await pack(starter, start, tree, out);
}

async function pack(
  settings: { name: string; [field: string]: unknown },
  files: Record<string, string>,
  tree: string,
  out: string,
) {
  const folder = join(dirname(tree), "npm", settings.name);
  await mkdir(folder, { recursive: true });
  for (const [name, from] of Object.entries(files)) await cp(from, join(folder, name), { recursive: true });
  await writeFile(join(folder, "README.md"), readmeOf(INSTALL));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(settings, null, 2)}\n`);
  await runTool("npm", ["pack", "--loglevel=error", "--pack-destination", out], {
    ...{ doing: `pack ${settings.name}`, next: "install Node.js with npm", cwd: folder },
  });
}
