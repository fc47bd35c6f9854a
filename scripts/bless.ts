/** Runs `./dev bless [TEXT]`: writes what the golden tests, or those of files with TEXT in their path, print now. */
import { writeReferencePages } from "./reference_pages.ts";
import { findTests } from "./testing/files.ts";
import { testEnvironment } from "./testing/test_environment.ts";
import { DevError, root, runHere, runMain } from "./tools.ts";

async function main(): Promise<number> {
  if (Deno.env.get("CI")) {
    throw new DevError("Cannot bless in CI: a person must look at what changed; run ./dev bless where CI is not set");
  }
  const [text] = Deno.args;
  if (text === undefined) await writeReferencePages();
  const which = text === undefined ? ["--filter", "golden", "tests/"] : await filesWith(text);
  const env = { ...await testEnvironment(), NSFARM_BLESS: "1" };
  const code = await runHere(Deno.execPath(), ["test", "-A", "--no-check", ...which], { cwd: root, env });
  console.error(
    "\ndev: now look at every change in tests/golden and docs (git diff) before committing it",
  );
  return code;
}

async function filesWith(text: string): Promise<string[]> {
  const files = (await findTests()).filter((file) => file.includes(text));
  if (files.length === 0) throw new DevError(`Cannot bless "${text}": no test file has it in its path`);
  return files;
}

await runMain(main);
