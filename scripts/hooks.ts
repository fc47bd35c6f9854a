/** `./dev hooks`: an optional pre-commit hook of git that runs `./dev check`. */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DevError, root, runMain, runTool } from "./tools.ts";

const HOOK = `#!/bin/sh
# Installed by ./dev hooks; ./dev hooks --remove removes it, git commit --no-verify commits without it.
exec ./dev check
`;

async function main(): Promise<number> {
  const { values } = parseArgs({ args: Deno.args, options: { remove: { type: "boolean", default: false } } });
  // Where core.hooksPath is set, git names that folder (git-rev-parse(1), --git-path).
  const printed = await runTool("git", ["rev-parse", "--git-path", "hooks"], {
    ...{ doing: "find git's hooks", next: "run this in a git checkout", cwd: root },
  });
  const path = join(resolve(root, printed.trim()), "pre-commit");
  const present = await readFile(path, "utf8").catch(() => null);
  if (present !== null && present !== HOOK) {
    throw new DevError(`Cannot change the hook "${path}": it is not the one of ./dev hooks; call ./dev check in it`);
  }
  if (values.remove) {
    await rm(path, { force: true });
    console.log(`${path} removed`);
    return 0;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, HOOK);
  await chmod(path, 0o755);
  console.log(`${path}: each commit runs ./dev check first`);
  return 0;
}

await runMain(main);
