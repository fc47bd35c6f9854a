import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tool_paths.ts";
import { runHere } from "../tools/run_here.ts";
import { type FileResult, resultOf } from "./file_result.ts";

const layersTest = "tests/layers_test.ts";

const steps = new Map([
  ["format", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types", ["check", "--quiet"]],
]);

/** Checks format, lint and types of the whole checkout; one result for each. */
export async function runChecks(): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const [name, args] of steps) results.push(await runStep(name, args));
  return results;
}

/** Checks the direction of imports, where the test for it exists. */
export async function checkLayers(): Promise<FileResult[]> {
  if (!existsSync(join(root, layersTest))) return [];
  return [await runStep("layers", ["test", "-A", "--no-check", "--quiet", layersTest])];
}

async function runStep(name: string, args: string[]): Promise<FileResult> {
  const begin = performance.now();
  const isGood = await runHere(Deno.execPath(), args, { cwd: root }) === 0;
  console.log(`dev: check ${name}: ${isGood ? "pass" : "FAIL"}`);
  return resultOf(`check ${name}`, {
    passed: isGood ? 1 : 0,
    failed: isGood ? [] : [name],
    seconds: (performance.now() - begin) / 1000,
  });
}
