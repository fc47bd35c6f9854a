/** Runs the unit tests once more on the newest Deno, which users will have soon. */
import { join } from "node:path";
import { pinnedDeno, root } from "../tool_paths.ts";
import { DevError } from "../tools/dev_error.ts";
import { runTool } from "../tools/run_tool.ts";
import type { FileResult } from "./file_result.ts";
import { folderOf, kindOf } from "./find_tests.ts";
import { byFolder, runQueues } from "./run_batches.ts";
import { runTests, type TestRun } from "./run_tests.ts";

/** Runs the unit tests on the newest Deno, one result for each folder; reports where it cannot be fetched. */
export async function runOnNewestDeno(run: TestRun, files: string[]): Promise<FileResult[]> {
  const newest = await findNewest();
  if (newest === undefined) return [];
  // A newer Deno may write the lock file in a form that the pinned one cannot read.
  const newRun = { ...run, deno: newest.path, args: [...run.args, "--no-lock"] };
  const computing = byFolder(files.filter((file) => kindOf(file) === "unit"));
  const results = await runQueues({ computing, waiting: [] }, (batch) => runTests(newRun, batch));
  return results.map((result) => ({ ...result, file: `${folderOf(result.file)} on Deno ${newest.version}` }));
}

async function findNewest(): Promise<{ path: string; version: string } | undefined> {
  const options = { doing: "find the newest Deno", next: "see that npm works" };
  try {
    const version = (await runTool("npm", ["view", "deno", "version"], { ...options, timeoutSeconds: 60 })).trim();
    if (version === pinnedDeno) return undefined;
    return { version, path: (await runTool(join(root, "dev"), ["deno-path", version], options)).trim() };
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.log(`dev: left out the unit tests on the newest Deno: ${error.message}`);
    return undefined;
  }
}
