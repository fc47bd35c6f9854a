import { root, runHere } from "../tools.ts";
import { type FileResult, fileResult } from "./results.ts";

const layoutTests = ["tests/layers_test.ts", "tests/mirror_test.ts", "tests/words_test.ts"];

const steps = new Map([
  ["format", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types", ["check", "--quiet"]],
]);

/** Checks format, lint, types and public documentation of the whole checkout; one result for each. */
export async function runChecks(): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const [name, args] of steps) results.push(await runStep(name, () => runDeno(args)));
  return [...results, await runStep("documentation", isDocumented)];
}

/** Checks the direction of imports, that tests are in the folders of their sources, and the words. */
export async function checkLayers(): Promise<FileResult[]> {
  return [await runStep("layers", () => runDeno(["test", "-A", "--no-check", "--quiet", ...layoutTests]))];
}

async function runDeno(args: string[]): Promise<boolean> {
  return await runHere(Deno.execPath(), args, { cwd: root }) === 0;
}

/** Returns whether everything that mod.ts exports is documented. */
async function isDocumented(): Promise<boolean> {
  const options = { args: ["doc", "--lint", "mod.ts"], cwd: root, env: { NO_COLOR: "1" } };
  const { stderr } = await new Deno.Command(Deno.execPath(), options).output();
  const findings = docFindings(new TextDecoder().decode(stderr));
  for (const finding of findings) console.error(finding);
  return findings.length === 0;
}

async function runStep(name: string, check: () => Promise<boolean>): Promise<FileResult> {
  const begin = performance.now();
  const isGood = await check();
  console.log(`dev: check ${name}: ${isGood ? "pass" : "FAIL"}`);
  return fileResult(`check ${name}`, {
    passed: isGood ? 1 : 0,
    failed: isGood ? [] : [name],
    seconds: (performance.now() - begin) / 1000,
  });
}

/** Matches a schema's type of the same name, which the schema's own comment documents. */
const TYPE_OF_SCHEMA = /^export type (\w+) = z\.infer<typeof \1>;$/;

/**
 * Returns the findings of `deno doc --lint`, except those that zod makes unavoidable: types of schemas are inferred,
 * and a schema's comment is that of its type too.
 * @param text as it was printed, without colours
 */
export function docFindings(text: string): string[] {
  const found = [...text.matchAll(/^error\[([\w-]+)\]: (.*)\n +--> (\S+):(\d+):\d+\n.*\n *\d+ \| (.*)$/gm)];
  const counted = /^error: Found (\d+) documentation lint error/m.exec(text)?.[1] ?? (text.trim() === "" ? 0 : NaN);
  if (found.length !== Number(counted)) return [text.trim()];
  return found.flatMap(([, kind = "", message = "", file = "", line = "", code = ""]) => {
    const isSchema = kind === "missing-explicit-type" || (kind === "missing-jsdoc" && TYPE_OF_SCHEMA.test(code));
    return isSchema ? [] : [`${file}:${line} ${message}: ${code.trim()}`];
  });
}
