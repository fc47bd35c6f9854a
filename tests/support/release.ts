/** A release of these sources, made where it changes nothing here. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root, toolsDir } from "../../scripts/tools.ts";

/** Runs a program and returns its stdout. @throws AssertionError if it ends with another exit code */
export async function runProgram(
  program: string,
  args: string[],
  { env = {}, code = 0, cwd = root }: { env?: Record<string, string>; code?: number; cwd?: string } = {},
): Promise<string> {
  const ended = await new Deno.Command(program, { args, env, cwd }).output();
  const [stdout = "", stderr = ""] = [ended.stdout, ended.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(ended.code, code, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return code === 0 ? stdout : `${stdout}${stderr}`;
}

/** A git checkout that could be released. */
interface Checkout {
  folder: string;
  git(...args: string[]): Promise<string>;
  /** Runs `./dev release` with these arguments; returns what it printed. */
  release(args?: string[], code?: number): Promise<string>;
  /** Returns a path in dist/release. */
  file(name: string): string;
}

/** Copies the sources as they are, without what the CHANGELOG has under "Unreleased", and commits them. */
export async function makeCheckout(folder: string): Promise<Checkout> {
  const listed = await runProgram("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  for (const path of listed.split("\0").filter((path) => path !== "")) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(root, path), join(folder, path));
  }
  await symlink(toolsDir, join(folder, ".tools"));
  const changelog = join(folder, "CHANGELOG.md");
  const text = await readFile(changelog, "utf8");
  await writeFile(changelog, text.replace(/^(## \[Unreleased\]\n)[\s\S]*?(?=^## \[)/m, "$1\n"));
  const git = (...args: string[]) =>
    runProgram("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], { cwd: folder });
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "release");
  return {
    folder,
    git,
    release: (args = [], code = 0) => runProgram(join(folder, "dev"), ["release", ...args], { code, cwd: folder }),
    file: (name) => join(folder, "dist/release", name),
  };
}

let made: Promise<Checkout> | undefined;

/** Returns a released checkout, the same one for all tests of a file. */
export function released(): Promise<Checkout> {
  return made ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "nsfarm-release-" });
    addEventListener("unload", () => rmSync(folder, { recursive: true, force: true }));
    const checkout = await makeCheckout(folder);
    await checkout.release();
    return checkout;
  })();
}

/** Returns the path of the only released file whose name ends so. */
export async function releasedFile(end: string): Promise<string> {
  const { file } = await released();
  const names = [...Deno.readDirSync(file(""))].map(({ name }) => name).filter((name) => name.endsWith(end));
  assert.equal(names.length, 1, `${names}`);
  return file(names[0] ?? "");
}
