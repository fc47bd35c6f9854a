import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProfile } from "../../../runtime/output/profile.ts";
import { inFolder } from "../../support/scratch.ts";

const VARIABLES = ["NSFARM_PROFILE", "XDG_CONFIG_HOME", "HOME"];

/** Runs with only these of the variables set. */
async function withVariables(values: Record<string, string>, work: () => unknown): Promise<void> {
  const before = VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const name of VARIABLES) set(name, values[name]);
  try {
    await work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

async function profileIn(folder: string, ...parts: string[]): Promise<string> {
  const path = join(folder, ...parts);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "{}");
  return path;
}

Deno.test("only one profile is used: the command line's, else the variable's, else the user's own", () =>
  inFolder(async (folder) => {
    const typed = await profileIn(folder, "typed.jsonc");
    const set = await profileIn(folder, "set.jsonc");
    const own = await profileIn(folder, ".config", "nsfarm-deno", "profile.yaml");
    await withVariables({ NSFARM_PROFILE: set, HOME: folder }, () => {
      assert.deepEqual(findProfile(typed), { path: typed, way: "--profile" });
      assert.deepEqual(findProfile(undefined), { path: set, way: "NSFARM_PROFILE" });
      assert.equal(findProfile("none"), null);
    });
    await withVariables({ HOME: folder }, () => assert.equal(findProfile(undefined)?.path, own));
    await withVariables({ NSFARM_PROFILE: "none", HOME: folder }, () => assert.equal(findProfile(undefined), null));
    await withVariables({}, () => assert.equal(findProfile(undefined), null));
  }));

Deno.test("XDG_CONFIG_HOME replaces .config where it is an absolute path", () =>
  inFolder(async (folder) => {
    const own = await profileIn(folder, "xdg", "nsfarm-deno", "profile.jsonc");
    const home = await profileIn(folder, ".config", "nsfarm-deno", "profile.json");
    const foundWith = async (XDG_CONFIG_HOME: string, wanted: string) =>
      await withVariables({ HOME: folder, XDG_CONFIG_HOME }, () => assert.equal(findProfile(undefined)?.path, wanted));
    await foundWith(join(folder, "xdg"), own);
    await foundWith("xdg", home);
  }));

Deno.test("a named profile that does not exist is refused, however it was named", async () => {
  assert.throws(() => findProfile("/gone.jsonc"), { kind: "input", message: /"\/gone\.jsonc" of --profile/ });
  await withVariables({ NSFARM_PROFILE: "/gone.jsonc" }, () => {
    assert.throws(() => findProfile(undefined), { kind: "input", message: /of NSFARM_PROFILE/ });
  });
});
