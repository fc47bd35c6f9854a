import { join } from "node:path";
import { root } from "../tool_paths.ts";
import { type FileResult, resultOf } from "./file_result.ts";

/**
 * Installs the packages of Debian that tests need. Where that cannot be done (no root, no Debian), prints why; the tests
 * then leave themselves out.
 * @returns a failure where it should have worked, else nothing
 */
export async function installPackages(names: string[]): Promise<FileResult[]> {
  const packages = [...new Set(names)];
  if (packages.length === 0) return [];
  const begin = performance.now();
  const program = join(root, "scripts/cluster/install_packages");
  const { code, stdout } = await new Deno.Command(program, { args: packages, stdin: "null", stderr: "inherit" })
    .output();
  if (code === 0) return [];
  const why = new TextDecoder().decode(stdout).trim();
  console.log(`dev: left out what needs ${packages.join(", ")}: ${why || `install_packages ended with ${code}`}`);
  if (code === 3) return [];
  const failed = [`${packages.join(", ")} could not be installed, see above`];
  return [resultOf("install packages", { failed, seconds: (performance.now() - begin) / 1000 })];
}
