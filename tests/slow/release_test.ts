// slow: makes a release twice, each of 20 s, and installs it in an empty file system
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { pythonPackages, pythonTools } from "../../scripts/release/packages.ts";
import { inputs, nextstat } from "../support/farm.ts";
import { makeCheckout, released, releasedFile, runProgram } from "../support/release.ts";
import { inFolder } from "../support/scratch.ts";

/**
 * Packs the tests' nextstat as a wheel of the layout that nextstat-cli has, so that it installs without a network.
 * @returns the path of the wheel
 */
async function nextstatWheel(out: string): Promise<string> {
  const place = join(out, "nextstat_wheel");
  const info = join(place, "nextstat_cli-0.10.1.dist-info");
  const scripts = join(place, "nextstat_cli-0.10.1.data/scripts");
  for (const folder of [info, scripts]) await mkdir(folder, { recursive: true });
  await cp(nextstat(), join(scripts, "nextstat"));
  await writeFile(join(info, "METADATA"), "Metadata-Version: 2.1\nName: nextstat-cli\nVersion: 0.10.1\n");
  await writeFile(
    join(info, "WHEEL"),
    "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
  );
  const env = { PYTHONPATH: await pythonTools() };
  await runProgram("python3", ["-m", "wheel", "pack", place, "--dest-dir", out], { env });
  return join(out, (await readdir(out)).find((name) => name.endsWith(".whl")) ?? "");
}

/**
 * Runs a script as root of a file system that has the system's programs and libraries, but no Node, no Deno and no
 * network; /release has what was released, /toys a spec and nextstat.
 */
async function inEmptyRoot(scratch: string, script: string, more?: string): Promise<string> {
  const place = join(scratch, "root");
  const toys = join(scratch, "toys");
  await mkdir(place, { recursive: true });
  await cp(inputs(), toys, { recursive: true });
  await cp(nextstat(), join(toys, "nextstat"));
  await writeFile(
    join(scratch, "enter.sh"),
    `set -eu
mount -t tmpfs root "$1"
cd "$1"
mkdir usr etc tmp proc dev home release toys tools
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
mount --rbind /usr usr
mount -t tmpfs local usr/local
for name in node nodejs npm npx deno; do [ ! -e "usr/bin/$name" ] || mount --bind /dev/null "$(readlink -f "usr/bin/$name" | sed "s,^/usr,$1/usr,")"; done
mount -t proc proc proc
mount --bind /dev dev
mount --bind "$2" release
mount --bind "$3" toys
mount --bind "$4" tools
exec chroot . /usr/bin/env -i PATH=/usr/bin HOME=/home sh -euc "$5"
`,
  );
  const args = ["--net", "--mount", "--pid", "--fork", "sh", join(scratch, "enter.sh")];
  return await runProgram("unshare", [...args, place, (await released()).file(""), toys, more ?? toys, script]);
}

const TOYS = "run --config /toys/gauss_exp_10k.json --n-toys 40 --shards 4 --local-slots 2 --out-dir /home --run-id r";

const ARCHIVE = "-x86_64-linux.tar.gz";

Deno.test("the same sources give the same release, byte for byte, wherever they lie", async () => {
  const { file } = await released();
  const folder = await Deno.makeTempDir({ prefix: "a checkout elsewhere " });
  try {
    const other = await makeCheckout(folder);
    await other.release();
    assert.equal(await readFile(other.file("SHA256SUMS"), "utf8"), await readFile(file("SHA256SUMS"), "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("a changed program, a wrong tag, another newest version and unreleased lines each stop the check", async () => {
  const { release, git, folder } = await released();
  const stopped = async (reason: RegExp) => assert.match(await release(["--check"], 1), reason);
  await git("tag", "v0.0.9");
  await stopped(/the commit has the tag v0\.0\.9, and deno\.json says/);
  await git("tag", "--delete", "v0.0.9");
  const archive = await releasedFile(ARCHIVE);
  const bytes = await readFile(archive);
  await writeFile(archive, bytes.subarray(1));
  await stopped(/linux\.tar\.gz differ from SHA256SUMS/);
  await writeFile(archive, bytes);
  const changelog = join(folder, "CHANGELOG.md");
  const text = await readFile(changelog, "utf8");
  await writeFile(changelog, text.replace(/^## \[\d[^\]]*\]/m, "## [99.0.0]"));
  await stopped(/the newest version in CHANGELOG\.md is 99\.0\.0/);
  await writeFile(changelog, text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- not yet\n"));
  await stopped(/CHANGELOG\.md has lines under Unreleased/);
  await writeFile(changelog, text);
  assert.match(await release(["--check"]), /agree$/m);
  assert.match(await readFile(join(dirname(archive), "SHA256SUMS"), "utf8"), new RegExp(`^${sha256Of(bytes)}  `, "m"));
});

Deno.test("a release says for which machines it is, and for which it is not", async () => {
  const notes = await readFile(await releasedFile("NOTES.md"), "utf8");
  const names = await readdir((await released()).file(""));
  const hasArm = names.some((name) => name.includes("aarch64"));
  assert.match(
    notes,
    hasArm ? /^For Linux on x86_64, aarch64,/ : /^For Linux on x86_64, .* Not in this release: aarch64\./,
  );
});

Deno.test("Python's own checks find nothing in the wheel, and publint nothing in the npm packages", () =>
  inFolder(async (scratch) => {
    const wheel = await releasedFile(".whl");
    const env = { PYTHONPATH: await pythonTools() };
    assert.match(await runProgram("python3", ["-m", "twine", "check", "--strict", wheel], { env }), /PASSED/);
    // W007: a wheel of a program has no Python module.
    await runProgram("python3", ["-m", "check_wheel_contents", "--ignore", "W007", wheel], { env });
    await runProgram("npm", ["install", "--no-audit", "--no-fund", "--prefix", scratch, "publint@0.3.25"]);
    for (const name of (await readdir(dirname(wheel))).filter((name) => name.endsWith(".tgz"))) {
      const args = [join(dirname(wheel), name), "--strict"];
      assert.match(await runProgram(join(scratch, "node_modules/.bin/publint"), args), /All good!/);
    }
  }));

Deno.test("the archive installs, runs 40 toys and goes away where there is no Node, no Deno and no network", () =>
  inFolder(async (scratch) => {
    const printed = await inEmptyRoot(
      scratch,
      `! command -v node; ! command -v deno
sh /release/install.sh /release/nsfarm-deno-*-x86_64-linux.tar.gz /home/sw
cp /toys/nextstat /home/sw/nsfarm-deno-*/bin/
/home/sw/bin/nsfarm-deno ${TOYS}
rm -r /home/sw/nsfarm-deno-* /home/sw/bin/nsfarm-deno /home/r
find /home -type f -o -type l`,
    );
    assert.match(printed, /40 of 40 toys/);
    assert.match(printed, /turnaround_s [^\n]*\n$/, "nothing stays");
  }));

Deno.test("an archive that is not the one of the sums is not installed", () =>
  inFolder(async (scratch) => {
    const place = join(scratch, "release");
    const archive = await releasedFile(ARCHIVE);
    await cp(dirname(archive), place, { recursive: true });
    const copy = join(place, archive.slice(dirname(archive).length + 1));
    await writeFile(copy, (await readFile(copy)).subarray(1));
    await runProgram("sh", [join(place, "install.sh"), copy, join(scratch, "sw")], { code: 1 });
    assert.deepEqual((await readdir(scratch)).includes("sw"), false);
  }));

Deno.test("the wheel installs beside nextstat, runs 40 toys and goes away without a network", () =>
  inFolder(async (scratch) => {
    const tools = join(scratch, "pip");
    await cp(await pythonPackages("pip", ["pip==26.3"]), tools, { recursive: true });
    await nextstatWheel(tools);
    const printed = await inEmptyRoot(
      scratch,
      `export PYTHONPATH=/tools PYTHONDONTWRITEBYTECODE=1
pip() { python3 -m pip --disable-pip-version-check --no-cache-dir "$@" --quiet --root-user-action=ignore; }
pip install --no-index --find-links /release --find-links /tools --break-system-packages --prefix /home/env \\
  nsfarm-deno nextstat-cli
program=$(find /home/env -name nsfarm-deno -path '*bin*')
"$program" ${TOYS}
"$program" self-check /home | grep "nextstat .*$(dirname "$program")/nextstat"
export PYTHONPATH=/tools:$(dirname "$(find /home/env -name 'nsfarm_deno-*.dist-info')")
pip uninstall --yes --break-system-packages nsfarm-deno nextstat-cli
rm -r /home/r
find /home -type f -o -type l`,
      tools,
    );
    assert.match(printed, /40 of 40 toys/);
    assert.match(printed, /\/bin\/nextstat\)\n$/, "nothing stays");
  }));

Deno.test("pipx, uv tool install and uvx start the wheel's program, with nextstat beside it, and pipx and uv remove it", () =>
  inFolder(async (scratch) => {
    const wheel = await releasedFile(".whl");
    const stand_in = await nextstatWheel(scratch);
    const place = (name: string) => join(scratch, name);
    // pipx installs with the uv beside it; its own pip would want a newer pip from a network.
    const tools = await pythonPackages("python_installers", ["uv==0.13.8", "pipx==1.18.4"]);
    const uv = join(tools, "bin");
    const env = {
      ...{ UV_CACHE_DIR: place("cache"), UV_TOOL_DIR: place("tools"), UV_TOOL_BIN_DIR: place("bin"), UV_OFFLINE: "1" },
      ...{ PIPX_HOME: place("pipx"), PIPX_BIN_DIR: place("pipx_bin"), PIPX_MAN_DIR: place("pipx_man") },
      PYTHONPATH: tools,
    };
    const checks = async (program: string, args: string[]) => {
      const printed = await runProgram(program, [...args, "self-check", scratch, "--json"], { env });
      const { ok, checks } = JSON.parse(printed);
      assert.equal(ok, true, printed);
      return checks.find(({ what }: { what: string }) => what === "nextstat").found;
    };
    await runProgram(join(uv, "uv"), ["tool", "install", "--no-config", wheel, "--with", stand_in], { env });
    assert.match(await checks(join(place("bin"), "nsfarm-deno"), []), /\/tools\/nsfarm-deno\/bin\/nextstat\)$/);
    await runProgram(join(uv, "uv"), ["tool", "uninstall", "nsfarm-deno"], { env });
    assert.deepEqual(await readdir(place("bin")), []);
    assert.match(
      await checks(join(uv, "uvx"), ["--with", stand_in, "--from", wheel, "nsfarm-deno"]),
      /bin\/nextstat\)$/,
    );
    const pipx = (...args: string[]) => runProgram("python3", ["-m", "pipx", ...args], { env });
    await pipx("install", "--pip-args=--no-index", "--preinstall", stand_in, wheel);
    assert.match(await checks(join(place("pipx_bin"), "nsfarm-deno"), []), /nsfarm-deno\/bin\/nextstat\)$/);
    await pipx("uninstall", "nsfarm-deno");
    assert.deepEqual(await readdir(place("pipx_bin")), []);
  }));

Deno.test("the npm package starts the program of its machine's package, with its exit codes, and goes away", () =>
  inFolder(async (scratch) => {
    const folder = (await released()).file("");
    const packages = (await readdir(folder)).filter((name) => name.endsWith(".tgz")).sort().reverse();
    const paths = packages.map((name) => join(folder, name));
    const npm = (command: string, ...args: string[]) =>
      runProgram("npm", [command, "--prefix", scratch, "--offline", "--no-audit", "--no-fund", ...args]);
    await npm("install", ...paths);
    const program = join(scratch, "node_modules/.bin/nsfarm-deno");
    assert.match(await runProgram(program, ["--version"]), /^nsfarm-deno \d/);
    await runProgram(program, ["status", join(scratch, "nowhere")], { code: 3 });
    assert.match(
      await runProgram("npx", ["--offline", "nsfarm-deno", "--version"], { cwd: scratch }),
      /^nsfarm-deno \d/,
    );
    await npm("uninstall", "nsfarm-deno", "nsfarm-deno-linux-x64");
    assert.deepEqual((await readdir(join(scratch, "node_modules"))).filter((name) => name.includes("nsfarm")), []);
    const two = paths.flatMap((path) => ["--package", path]);
    const env = { npm_config_cache: join(scratch, "cache") };
    assert.match(
      await runProgram("npx", ["--yes", "--offline", ...two, "nsfarm-deno", "--version"], { env }),
      /^nsfarm-/,
    );
  }));
