import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";

/** All test files, as paths from the root of the checkout, sorted. */
export async function findTests(): Promise<string[]> {
  const entries = await readdir(join(root, "tests"), { recursive: true });
  return entries.filter((path) => path.endsWith("_test.ts")).map((path) => `tests/${path}`).sort();
}

/** Where a test file belongs: "tests/core" and the like, or "tests" for those in no folder. */
export function folderOf(file: string): string {
  const parts = file.split("/");
  return parts.length > 2 ? `${parts[0]}/${parts[1]}` : "tests";
}

/** Whether a test file is one of those that run whole commands, or that take minutes. */
export function kindOf(file: string): "unit" | "e2e" | "slow" {
  const folder = folderOf(file);
  if (folder === "tests/e2e") return "e2e";
  return folder === "tests/slow" ? "slow" : "unit";
}
