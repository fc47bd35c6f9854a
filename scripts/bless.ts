/** Runs `./dev bless [TEXT]`: writes what the golden tests, or those with TEXT in their names, print now over the old. */
import { writeReferencePages } from "./reference_pages.ts";
import { testEnvironment } from "./testing/test_environment.ts";
import { root } from "./tool_paths.ts";
import { DevError, runMain } from "./tools/dev_error.ts";
import { runHere } from "./tools/run_here.ts";

async function main(): Promise<number> {
  if (Deno.env.get("CI")) {
    throw new DevError("Cannot bless in CI: a person must look at what changed; run ./dev bless where CI is not set");
  }
  await writeReferencePages();
  const env = { ...await testEnvironment(), NSFARM_BLESS: "1" };
  const names = Deno.args[0] ?? "golden";
  const code = await runHere(Deno.execPath(), ["test", "-A", "--no-check", "--filter", names, "tests/"], {
    cwd: root,
    env,
  });
  console.error(
    "\ndev: now look at every change in tests/golden and docs (./dev fmt, git diff) before committing it",
  );
  return code;
}

await runMain(main);
