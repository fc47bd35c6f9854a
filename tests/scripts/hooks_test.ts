import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/tools.ts";
import { inFolder } from "../support/scratch.ts";

interface Ran {
  code: number;
  text: string;
}

/** A git checkout with a ./dev whose check ends with the exit code in the file `result`. */
async function inCheckout(
  work: (run: (...argv: string[]) => Promise<Ran>, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (scratch) => {
    const folder = join(scratch, "a checkout");
    await mkdir(join(folder, "scripts"), { recursive: true });
    for (const path of ["scripts/hooks.ts", "scripts/tools.ts", "deno.json", "deno.lock"]) {
      await cp(join(root, path), join(folder, path), { recursive: true });
    }
    await writeFile(join(folder, "dev"), '#!/bin/sh\n[ "$1" = check ] && exit "$(cat result)"\n', { mode: 0o755 });
    const run = async (program = "", ...args: string[]): Promise<Ran> => {
      const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder }).output();
      return { code, text: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
    };
    await run("git", "init", "--quiet");
    await work(run, folder);
  });
}

const hooks = (...args: string[]) => [Deno.execPath(), "run", "-A", "--no-check", "scripts/hooks.ts", ...args] as const;

const commit = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--allow-empty", "-qm", "x"];

Deno.test("./dev hooks installs a hook that stops a commit when ./dev check fails, and --remove removes it", () =>
  inCheckout(async (run, folder) => {
    await writeFile(join(folder, "result"), "1");
    assert.match((await run(...hooks())).text, /pre-commit: each commit runs \.\/dev check first\n$/);
    assert.equal((await run(...hooks())).code, 0, "a second time changes nothing");
    assert.equal((await run(...commit)).code, 1);
    await writeFile(join(folder, "result"), "0");
    assert.equal((await run(...commit)).code, 0);
    await writeFile(join(folder, "result"), "1");
    assert.equal((await run(...hooks("--remove"))).code, 0);
    assert.equal((await run(...commit)).code, 0);
  }));

Deno.test("./dev hooks leaves a hook of one's own, and finds the folder that core.hooksPath names", () =>
  inCheckout(async (run, folder) => {
    const own = join(folder, ".git/hooks/pre-commit");
    await mkdir(join(folder, ".git/hooks"), { recursive: true });
    await writeFile(own, "#!/bin/sh\necho mine\n");
    for (const args of [[], ["--remove"]]) {
      const { code, text } = await run(...hooks(...args));
      assert.equal(code, 1);
      assert.match(text, /Cannot change the hook ".*pre-commit": it is not the one of \.\/dev hooks/);
    }
    assert.equal(await readFile(own, "utf8"), "#!/bin/sh\necho mine\n");
    await run("git", "config", "core.hooksPath", "my hooks");
    assert.equal((await run(...hooks())).code, 0);
    assert.match(await readFile(join(folder, "my hooks/pre-commit"), "utf8"), /exec \.\/dev check/);
  }));
