/** Builds one program from the sources. */
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pid } from "node:process";
import { VERSION } from "../../core/version.ts";
import { pinnedDeno } from "../tool_paths.ts";
import { DevError } from "../tools/dev_error.ts";
import { inScratch } from "../tools/in_scratch.ts";
import { bundle, ENTRY } from "./bundle.ts";
import { compile } from "./compile.ts";
import { findRuntime, type Runtime } from "./find_runtime.ts";

/** Options of a build. */
interface BuildOptions {
  /** The file to write. */
  out: string;
  /** The machine to build for, e.g. "x86_64-unknown-linux-gnu". */
  target: string;
  /** Whether the runtime must be the one that Deno downloads. */
  download: boolean;
}

/**
 * Builds the program and renames it to its place in one step. The same sources, options and runtime give the same
 * bytes.
 * @throws DevError if it cannot be built
 */
export async function buildBinary(options: BuildOptions): Promise<Runtime> {
  if (Deno.version.deno !== pinnedDeno) {
    throw new DevError(`Cannot build with Deno ${Deno.version.deno}: wanted ${pinnedDeno}; unset NSFARM_DENO`);
  }
  const runtime = await findRuntime(options.target, options.download);
  await inScratch(async (folder) => {
    const files = join(folder, "program");
    await bundle(files, buildFacts(runtime));
    await moveTo(await compile(files, ENTRY, runtime.path), options.out);
  });
  return runtime;
}

/** Returns the facts of `--version --json`, without date or path, so that two builds give the same bytes. */
function buildFacts(runtime: Runtime): Record<string, string> {
  const { target, sha256, source } = runtime;
  return { version: VERSION, deno: pinnedDeno, target, denort_sha256: sha256, denort_source: source };
}

// The last step is a rename within one folder, since `out` may be on another file system than .tools.
async function moveTo(program: string, out: string): Promise<void> {
  await mkdir(dirname(out), { recursive: true });
  const arriving = `${out}.${pid}.tmp`;
  try {
    await copyFile(program, arriving);
    await rename(arriving, out);
  } finally {
    await rm(arriving, { force: true });
  }
}
