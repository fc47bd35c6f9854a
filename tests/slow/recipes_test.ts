// slow: makes a release, and installs it with EasyBuild and Lmod
import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { toolsDir } from "../../scripts/tools.ts";
import { releasedFile, runProgram } from "../support/release.ts";
import { inFolder } from "../support/scratch.ts";

const LMOD = "/usr/share/lmod/lmod/init/sh";

/** Returns the folder of an environment of Python with EasyBuild, whose scripts a plain folder of packages lacks. */
async function easyBuild(): Promise<string> {
  const kept = join(toolsDir, "easybuild");
  if (await stat(join(kept, "bin/eb")).catch(() => undefined) !== undefined) return kept;
  await runProgram("python3", ["-m", "venv", "--clear", kept]);
  const packages = ["easybuild-framework==5.4.1", "easybuild-easyblocks==5.4.1"];
  await runProgram(join(kept, "bin/pip"), ["install", "--quiet", ...packages]);
  return kept;
}

async function needLmod(): Promise<void> {
  if (await stat(LMOD).catch(() => undefined) !== undefined) return;
  await runProgram("apt-get", ["install", "--yes", "--no-install-recommends", "lmod"], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}

/** Runs lines of bash after Lmod's own. */
const withLmod = (lines: readonly string[], env: Record<string, string> = {}) =>
  runProgram("bash", ["-euc", [`. ${LMOD}`, "unset MANPATH", ...lines].join("\n")], { env });

Deno.test("EasyBuild installs the recipe, and module load finds the program and its manual page", () =>
  inFolder(async (scratch) => {
    await needLmod();
    const recipe = await releasedFile(".eb");
    const prefix = join(scratch, "eb");
    await withLmod([`eb --allow-use-as-root-and-accept-consequences '${recipe}'`], {
      ...{ EASYBUILD_PREFIX: prefix, EASYBUILD_SOURCEPATH: dirname(recipe), EASYBUILD_MODULES_TOOL: "Lmod" },
      ...{ PATH: `${await easyBuild()}/bin:${Deno.env.get("PATH")}`, EASYBUILD_TMPDIR: join(scratch, "tmp") },
    });
    const load = [`module use '${prefix}/modules/all'`, "module load nsfarm-deno"];
    const printed = await withLmod([...load, "nsfarm-deno --version", "command -v nsfarm-deno", "man -w nsfarm-deno"]);
    const [version, ...paths] = printed.trim().split("\n");
    assert.match(version ?? "", /^nsfarm-deno \d/);
    const base = join(prefix, "software/nsfarm-deno", version?.split(" ")[1] ?? "");
    assert.deepEqual(paths, [`${base}/bin/nsfarm-deno`, `${base}/share/man/man1/nsfarm-deno.1`]);
    await rm(prefix, { recursive: true });
    // EasyBuild cannot unpack below a folder with a blank in its name.
  }, "nsfarm-easybuild-"));

Deno.test("the modulefile loads what install.sh installed, and keeps the system's manual pages", () =>
  inFolder(async (scratch) => {
    await needLmod();
    const modulefile = await releasedFile(".lua");
    const version = /modulefile-(.*)\.lua$/.exec(modulefile)?.[1] ?? "";
    await runProgram("sh", [join(dirname(modulefile), "install.sh"), await releasedFile("-linux.tar.gz"), scratch]);
    await mkdir(join(scratch, "modules/nsfarm-deno"), { recursive: true });
    await cp(modulefile, join(scratch, `modules/nsfarm-deno/${version}.lua`));
    const load = [`module use '${scratch}/modules'`, "module load nsfarm-deno"];
    const show = ["nsfarm-deno --version", "command -v nsfarm-deno", "manpath 2>/dev/null"];
    const printed = await withLmod([...load, ...show], { NSFARM_DENO_PREFIX: scratch });
    const [printed_version, path, pages = ""] = printed.split("\n");
    const base = join(scratch, `nsfarm-deno-${version}`);
    assert.deepEqual([printed_version, path], [`nsfarm-deno ${version}`, `${base}/bin/nsfarm-deno`]);
    assert.ok(pages.split(":").includes(`${base}/share/man`) && pages.split(":").includes("/usr/share/man"), pages);
  }));

/** What a recipe of Spack uses, printing what it declares. */
const SPACK = `
import json
class Package: pass
def license(*names): pass
def conflicts(*specs, msg): pass
def version(number, url, sha256): print(json.dumps([number, url, sha256]))
def install_tree(source, target): print(json.dumps([source, target]))
`;

Deno.test("the Spack recipe is Python, names this archive with its sum, and installs bin and share", () =>
  inFolder(async (scratch) => {
    const recipe = await releasedFile("spack_package.py");
    const archive = await releasedFile("-x86_64-linux.tar.gz");
    await mkdir(join(scratch, "spack"));
    await writeFile(join(scratch, "spack/package.py"), SPACK);
    const run = `import runpy, types
package = runpy.run_path(${JSON.stringify(recipe)})["NsfarmDeno"]
package().install(None, types.SimpleNamespace(bin="BIN", share="SHARE"))`;
    const env = { PYTHONPATH: scratch, PYTHONDONTWRITEBYTECODE: "1" };
    const lines = (await runProgram("python3", ["-c", run], { env })).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const version = /nsfarm-deno-(.*)-x86_64/.exec(archive)?.[1];
    const declared = [version, `file://${archive}`, sha256Of(await readFile(archive))];
    assert.deepEqual(lines, [declared, ["bin", "BIN"], ["share", "SHARE"]]);
  }));
