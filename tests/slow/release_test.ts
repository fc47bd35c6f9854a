// slow: makes a release three times, each of 20 s, and installs it in an empty file system
import assert from "node:assert/strict";
import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { pythonTools } from "../../scripts/release/python_tools.ts";
import { distDir, root } from "../../scripts/tool_paths.ts";
import { inFolder } from "../support/scratch.ts";

const released = join(distDir, "release");

async function run(program: string, args: string[], env: Record<string, string> = {}, code = 0): Promise<string> {
  const ended = await new Deno.Command(program, { args, env, cwd: root }).output();
  const [stdout = "", stderr = ""] = [ended.stdout, ended.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(ended.code, code, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

const release = () => run(join(root, "dev"), ["release"]);

/**
 * Runs a script as root of a file system that has the system's programs and libraries, but no Node, no Deno and no
 * network; /release has what was released, /toys a spec and nextstat.
 */
async function inEmptyRoot(scratch: string, script: string, more: string[] = []): Promise<string> {
  const [nextstat, inputs] = ["NSFARM_TEST_NEXTSTAT", "NSFARM_TEST_INPUTS"].map((name) => Deno.env.get(name) ?? "");
  const place = join(scratch, "root");
  const toys = join(scratch, "toys");
  await mkdir(place, { recursive: true });
  await cp(`${inputs}`, toys, { recursive: true });
  await copyFile(`${nextstat}`, join(toys, "nextstat"));
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
  return await run("unshare", [...args, place, released, toys, more[0] ?? toys, script]);
}

const TOYS = "run --config /toys/gauss_exp_10k.json --n-toys 40 --shards 4 --local-slots 2 --out-dir /home --run-id r";

Deno.test("the same sources give the same release, byte for byte, and a changed file stops its check", async () => {
  const sums = async () => (await release(), await readFile(join(released, "SHA256SUMS"), "utf8"));
  const first = await sums();
  assert.equal(await sums(), first);
  await run(join(root, "dev"), ["release", "--check"]);
  const archive = (await readdir(released)).find((name) => name.endsWith("x86_64-linux.tar.gz")) ?? "";
  const bytes = await readFile(join(released, archive));
  try {
    await writeFile(join(released, archive), bytes.subarray(1));
    await run(join(root, "dev"), ["release", "--check"], {}, 1);
  } finally {
    await writeFile(join(released, archive), bytes);
  }
  assert.ok(first.includes(sha256Of(bytes)));
});

Deno.test("Python's and npm's own checks find nothing in the packages", async () => {
  const names = await readdir(released);
  const [wheel = ""] = names.filter((name) => name.endsWith(".whl")).map((name) => join(released, name));
  const env = { PYTHONPATH: await pythonTools() };
  assert.match(await run("python3", ["-m", "twine", "check", "--strict", wheel], env), /PASSED/);
  // W007: a wheel of a program has no Python module.
  await run("python3", ["-m", "check_wheel_contents", "--ignore", "W007", wheel], env);
  for (const name of names.filter((name) => name.endsWith(".tgz"))) {
    const listed = await run("tar", ["-xzOf", join(released, name), "package/package.json"]);
    assert.equal(JSON.parse(listed).license, "MIT");
  }
});

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
    await cp(released, place, { recursive: true });
    const archive = (await readdir(place)).find((name) => name.endsWith("x86_64-linux.tar.gz")) ?? "";
    await writeFile(join(place, archive), (await readFile(join(place, archive))).subarray(1));
    await run("sh", [join(place, "install.sh"), join(place, archive), join(scratch, "sw")], {}, 1);
    assert.deepEqual((await readdir(scratch)).includes("sw"), false);
  }));

Deno.test("the wheel installs beside nextstat, runs 40 toys and goes away without a network", () =>
  inFolder(async (scratch) => {
    const tools = join(scratch, "pip");
    await run("python3", ["-m", "pip", "install", "--quiet", "--target", tools, "pip"]);
    const [nextstat] = ["NSFARM_TEST_NEXTSTAT"].map((name) => Deno.env.get(name) ?? "");
    await copyFile(`${nextstat}`, join(tools, "nextstat"));
    await chmod(join(tools, "nextstat"), 0o755);
    const printed = await inEmptyRoot(
      scratch,
      `export PYTHONPATH=/tools PYTHONDONTWRITEBYTECODE=1
pip() { python3 -m pip --disable-pip-version-check --no-cache-dir "$@" --quiet --root-user-action=ignore; }
pip install --no-index --break-system-packages --prefix /home/env /release/*.whl
cp /tools/nextstat /home/env/*/bin/ 2>/dev/null || cp /tools/nextstat /home/env/bin/
program=$(find /home/env -name nsfarm-deno -path '*bin*')
"$program" ${TOYS}
export PYTHONPATH=/tools:$(dirname "$(find /home/env -name 'nsfarm_deno-*.dist-info')")
pip uninstall --yes --break-system-packages nsfarm-deno
rm -r "$(dirname "$program")/nextstat" /home/r
find /home -type f -o -type l`,
      [tools],
    );
    assert.match(printed, /40 of 40 toys/);
    assert.match(printed, /turnaround_s [^\n]*\n$/, "nothing stays");
  }));

Deno.test("the npm package starts the program of its machine's package, with its exit codes", () =>
  inFolder(async (scratch) => {
    const packages = (await readdir(released)).filter((name) => name.endsWith(".tgz")).sort().reverse();
    const paths = packages.map((name) => join(released, name));
    await run("npm", ["install", "--prefix", scratch, "--offline", "--no-audit", "--no-fund", ...paths]);
    const program = join(scratch, "node_modules/.bin/nsfarm-deno");
    assert.match(await run(program, ["--version"]), /^nsfarm-deno \d/);
    await run(program, ["status", join(scratch, "nowhere")], {}, 3);
  }));
