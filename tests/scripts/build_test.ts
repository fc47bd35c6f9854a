import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pinnedDeno, root, toolsDir } from "../../scripts/tools.ts";
import { inFolder } from "../support/scratch.ts";

const binary = Deno.env.get("NSFARM_TEST_BINARY");
const canBuild = binary !== undefined && Deno.version.deno === pinnedDeno;
const unless = canBuild ? "" : ` (needs ./dev test and Deno ${pinnedDeno})`;
const runtimes = `denort-${pinnedDeno}`;

/** Another checkout of the same sources, with the runtime at hand but nothing else that was made before. */
async function copyCheckout(to: string): Promise<void> {
  for (const name of [".tools", "tests"]) await mkdir(join(to, name), { recursive: true });
  await symlink(join(toolsDir, runtimes), join(to, ".tools", runtimes));
  for (const name of await readdir(root)) {
    if (name.startsWith(".") || ["dist", "tests"].includes(name)) continue;
    await cp(join(root, name), join(to, name), { recursive: true });
  }
  // A run that the program is tried on while it is built.
  await cp(join(root, "tests", "fixtures"), join(to, "tests", "fixtures"), { recursive: true });
}

async function build(checkout: string, args: string[], env: Record<string, string> = {}) {
  const command = new Deno.Command(join(checkout, "dev"), {
    args: ["build", ...args],
    cwd: "/",
    env: { NSFARM_DENO: Deno.execPath(), ...env },
  });
  const { code, stderr } = await command.output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: `./dev build gives the same bytes in every folder${unless}`,
  ignore: !canBuild,
  fn: () =>
    inFolder(async (folder) => {
      const checkout = join(folder, "another checkout", "deeper");
      const out = join(folder, "other-name");
      await copyCheckout(checkout);
      assert.deepEqual(await build(checkout, ["--out", out]), { code: 0, stderr: "" });
      const [one, two] = [await readFile(binary ?? ""), await readFile(out)];
      assert(one.equals(two), `${one.length} and ${two.length} bytes, not the same`);
    }),
});

Deno.test({
  name: `the program that ./dev build makes names no folder of the machine that made it${unless}`,
  ignore: !canBuild,
  fn: async () => {
    const bytes = await readFile(binary ?? "");
    const home = Deno.env.get("HOME");
    assert(!bytes.includes(`${root}/`), `it names ${root}`);
    assert(!home || !bytes.includes(`${home}/.cache`), `it names ${home}/.cache`);
  },
});

Deno.test({
  name: `./dev build refuses a runtime that is for another machine${unless}`,
  ignore: !canBuild,
  fn: () =>
    inFolder(async (folder) => {
      const denort = join(folder, "denort");
      const header = new Uint8Array(64);
      header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
      header[18] = 183;
      await writeFile(denort, header);
      const args = ["--target", "x86_64-unknown-linux-gnu", "--out", join(folder, "out")];
      const { code, stderr } = await build(root, args, { DENORT_BIN: denort });
      assert.equal(code, 1);
      assert.match(stderr, /^dev: Cannot build for x86_64[^\n]* is for aarch64[^\n]*\n$/);
    }),
});

Deno.test({
  name: `./dev build refuses a target that it does not know, in one line${unless}`,
  ignore: !canBuild,
  fn: async () => {
    const { code, stderr } = await build(root, ["--target", "riscv64"]);
    assert.equal(code, 1);
    assert.match(stderr, /^dev: Cannot build for "riscv64": wanted x86_64[^\n]*\n$/);
  },
});
