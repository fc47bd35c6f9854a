/** A wheel whose script is the program itself: `pip install nsfarm-deno nextstat-cli` puts both into one bin/. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { smallestGlibc } from "../building/smallest_glibc.ts";
import { runTool } from "../tools/run_tool.ts";
import { ARCHIVE_TIME_S } from "./archive.ts";
import { pythonTools } from "./python_tools.ts";
import { HOMEPAGE, readmeOf, SUMMARY } from "./readme.ts";

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
 * Packs bin/ and share/ of `tree` as a wheel (https://packaging.python.org/en/latest/specifications/binary-distribution-format/);
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
