/** Packages of a release for npm, PyPI and clusters, with the README that strangers read on PyPI and npm. */
import Mustache from "mustache";
import { cp, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NEEDED_GLIBC } from "../../core/glibc.ts";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { smallestGlibc } from "../building/elf.ts";
import { inScratch, root, runTool, toolsDir } from "../tools.ts";
import { ARCHIVE_TIME_S } from "./tree.ts";

const HOMEPAGE = "https://nextstat.io";
const SUMMARY = "Splits nextstat toys into shards, runs them on a farm, checks and merges the set";

/** Returns a README in Markdown. @param install the lines that install it and nextstat */
const readmeOf = (install: readonly string[]): string =>
  `# nsfarm-deno

Splits the toys of \`nextstat unbinned-fit-toys\` into shards with deterministic seeds, runs them on this machine, Slurm,
HTCondor or hosts behind ssh, survives killed and lost jobs, proves that the merged set is whole, and measures how the
farm scaled.

\`\`\`sh
${install.join("\n")}
nsfarm-deno self-check
nsfarm-deno run --config SPEC.json --n-toys 2000
\`\`\`

The package holds one program for Linux with glibc ${NEEDED_GLIBC} or newer; \`nsfarm-deno help\` shows its commands. Jobs run the
same file: install it in a folder that all machines of the farm see.
`;

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

const PACKAGES = ["wheel==0.48.0", "twine==7.0.0", "check-wheel-contents==0.6.3"];

/** Returns the folder that PYTHONPATH must name so that `python3 -m wheel` and the like are those of the release. */
export const pythonTools = (): Promise<string> => pythonPackages("python_tools", PACKAGES);

/** Returns a folder of .tools with these packages of Python, which are fetched once. */
export async function pythonPackages(name: string, packages: readonly string[]): Promise<string> {
  const kept = join(toolsDir, name);
  if (await stat(kept).catch(() => undefined) !== undefined) return kept;
  console.error(`dev: fetching ${packages.join(", ")} into .tools (once)`);
  await inScratch(async (folder) => {
    const into = join(folder, "tools");
    await runTool("python3", ["-m", "pip", "install", "--quiet", "--target", into, ...packages], {
      doing: "fetch Python's tools for packages",
      next: "install Python 3 with pip",
    });
    await mkdir(dirname(kept), { recursive: true });
    await rename(into, kept);
  });
  return kept;
}

const metadata = (version: string): string =>
  [
    "Metadata-Version: 2.4",
    "Name: nsfarm-deno",
    `Version: ${version}`,
    `Summary: ${SUMMARY}`,
    `Project-URL: Homepage, ${HOMEPAGE}`,
    "Keywords: slurm,htcondor,pseudo-experiments,toys,high-energy-physics",
    "License-Expression: MIT",
    "License-File: LICENSE",
    "Classifier: Environment :: Console",
    "Classifier: Intended Audience :: Science/Research",
    "Classifier: Operating System :: POSIX :: Linux",
    "Classifier: Topic :: Scientific/Engineering :: Physics",
    "Description-Content-Type: text/markdown",
    "",
    readmeOf(["pip install nsfarm-deno nextstat-cli"]),
  ].join("\n");

/**
 * Packs bin/ and share/ of `tree` as a wheel whose script is the program itself, so that `pip install nsfarm-deno
 * nextstat-cli` puts both into one bin/ (https://packaging.python.org/en/latest/specifications/binary-distribution-format/);
 * its tag names the glibc that the program needs.
 */
export async function makeWheel(tree: string, version: string, arch: string, out: string): Promise<void> {
  const folder = join(dirname(tree), `wheel_${arch}`);
  const data = join(folder, `nsfarm_deno-${version}.data`);
  const info = join(folder, `nsfarm_deno-${version}.dist-info`);
  await mkdir(join(info, "licenses"), { recursive: true });
  await mkdir(join(data, "data/share"), { recursive: true });
  await cp(join(tree, "bin"), join(data, "scripts"), { recursive: true });
  // Folders that only we would fill stay when pip uninstalls: the archive has the schemas and the rest.
  await cp(join(tree, "share/man"), join(data, "data/share/man"), { recursive: true });
  await cp(join(tree, "share/doc/nsfarm-deno/LICENSE"), join(info, "licenses", "LICENSE"));
  await writeFile(join(info, "METADATA"), metadata(version));
  const glibc = (await smallestGlibc(join(tree, "bin/nsfarm-deno")) ?? "2.17").replace(".", "_");
  const tag = `py3-none-manylinux_${glibc}_${arch}`;
  await writeFile(
    join(info, "WHEEL"),
    `Wheel-Version: 1.0\nGenerator: nsfarm-deno ${version}\nRoot-Is-Purelib: false\nTag: ${tag}\n`,
  );
  await runTool("python3", ["-m", "wheel", "pack", folder, "--dest-dir", out], {
    doing: "pack the wheel",
    next: "remove .tools/python_tools and try again",
    env: { PYTHONPATH: await pythonTools(), SOURCE_DATE_EPOCH: `${ARCHIVE_TIME_S}` },
  });
}

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
