/** `./dev release [--check]`: everything that is published, made from one version, with the sums of all of it. */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { NEEDED_GLIBC } from "../core/glibc.ts";
import { buildBinary } from "./building/binary.ts";
import { targets } from "./building/runtime.ts";
import { makeArchive, makeTree } from "./release/tree.ts";
import { makeNpmPackages, makeRecipes, makeWheel } from "./release/packages.ts";
import { makeSbom } from "./release/sbom.ts";
import { checkSums, releaseVersion, SHA256SUMS, writeSums } from "./release/version.ts";
import { DevError, distDir, inScratch, root, runMain } from "./tools.ts";

const releaseDir = join(distDir, "release");

async function main(): Promise<number> {
  const { values: { check } } = parseArgs({ args: Deno.args, options: { check: { type: "boolean", default: false } } });
  const { version, notes, isTagged } = await releaseVersion(root);
  if (check) {
    await checkSums(releaseDir);
    const tag = isTagged ? "the tag" : `(no tag v${version} yet)`;
    console.log(`${version}: deno.json, CHANGELOG.md, CITATION.cff, ${tag} and the sums of ${releaseDir} agree`);
    return 0;
  }
  await inScratch(async (folder) => {
    const out = join(folder, "release");
    await mkdir(out);
    const made: string[] = [];
    for (const target of targets) if (await makeFor(target, version, folder, out)) made.push(target);
    await makeSbom(version, out);
    await makeRecipes(version, out);
    await Deno.writeTextFile(join(out, "NOTES.md"), `${machinesText(made)}\n\n${notes}`);
    await writeSums(out);
    await rm(releaseDir, { recursive: true, force: true });
    await mkdir(distDir, { recursive: true });
    await rename(out, releaseDir);
  });
  console.log(`${releaseDir}\n${await Deno.readTextFile(join(releaseDir, SHA256SUMS))}`.trimEnd());
  return 0;
}

/** Returns for which machines a release is, and for which it is not. */
function machinesText(made: readonly string[]): string {
  const named = (some: readonly string[]) => some.map(archOf).join(", ");
  const missing = targets.filter((target) => !made.includes(target));
  return `For Linux on ${named(made)}, with glibc ${NEEDED_GLIBC} or newer.` +
    (missing.length === 0 ? "" : ` Not in this release: ${named(missing)}.`) +
    "\n`sh install.sh ARCHIVE PREFIX` installs an archive after it has checked its sum; `SHA256SUMS` has all sums.";
}

const archOf = (target: string): string => target.split("-")[0] ?? target;

/**
 * Builds for one kind of machine. Only this one's is required: the others' runtime may be out of reach.
 * @returns whether it was made
 */
async function makeFor(target: string, version: string, folder: string, out: string): Promise<boolean> {
  const program = join(folder, target, "nsfarm-deno");
  try {
    await buildBinary({ out: program, target, download: false });
  } catch (error) {
    if (target === Deno.build.target || !(error instanceof DevError)) throw error;
    console.error(`dev: left out: ${target}: ${error.message}`);
    return false;
  }
  const arch = archOf(target);
  const tree = await makeTree(program, version, join(folder, target, "tree"));
  await makeArchive(tree, `nsfarm-deno-${version}-${arch}-linux`, out);
  await makeWheel(tree, version, arch, out);
  await makeNpmPackages(tree, version, arch, out);
  return true;
}

await runMain(main);
