/** Builds one program from the sources. */
import { copyFile, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pid } from "node:process";
import { VERSION } from "../../core/version.ts";
import { DevError, inScratch, pinnedDeno, root, runTool } from "../tools.ts";
import { findRuntime, type Runtime } from "./runtime.ts";

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

// A CommonJS package (yaml) needs `require`, which a module does not have.
const requireForCommonJs =
  'import{createRequire as nsfarmRequire}from"node:module";const require=nsfarmRequire("file:///");';

/** The entry file of the bundle. */
const ENTRY = "main.js";

/**
 * Bundles `main.ts` with its packages and templates into a few JavaScript files of `folder`, with `build` as
 * globalThis.__NSFARM_BUILD__. They load faster than the sources one by one, since each command reads only what it
 * needs, and no folder of packages is embedded. The same sources give the same files.
 * @throws DevError if it does not bundle
 */
async function bundle(folder: string, build: Record<string, string>): Promise<void> {
  const raw = `${folder}.raw`;
  const args = ["bundle", "--quiet", "--unstable-raw-imports", "--code-splitting", "--minify", "--outdir", raw];
  const reported = { doing: "bundle main.ts", next: "run ./dev check", cwd: root };
  await runTool(Deno.execPath(), [...args, join(root, "main.ts")], reported);
  await mkdir(folder);
  for (const [name, text] of await nameParts(ENTRY, (name) => readFile(join(raw, name), "utf8"))) {
    const facts = name === ENTRY ? `globalThis.__NSFARM_BUILD__=${JSON.stringify(build)};\n` : "";
    const head = /\brequire\b/.test(text) ? requireForCommonJs : "";
    await writeFile(join(folder, name), `${head}${facts}${text}`);
  }
}

/** Matches the bundler's name for a part of a program, whose hash depends on the folder of the sources. */
const PART = /"\.\/([a-z_]+)-([A-Z0-9]{8})\.js"/g;

/**
 * Returns the parts of a program under names that depend on nothing but the program: numbered in the order in which
 * they are met from its entry.
 * @param read returns the text of a part by the bundler's name for it
 * @returns name to text, with the names in the texts changed too
 */
export async function nameParts(entry: string, read: (name: string) => Promise<string>): Promise<Map<string, string>> {
  const names = new Map([[entry, entry]]);
  const parts = new Map<string, string>();
  // Iteration over a Map includes entries that are added meanwhile.
  for (const [old, name] of names) {
    const text = await read(old);
    parts.set(
      name,
      text.replace(PART, (_, word: string, hash: string) => {
        const met = `${word}-${hash}.js`;
        const given = names.get(met) ?? `${word}-${names.size}.js`;
        names.set(met, given);
        return `"./${given}"`;
      }),
    );
  }
  return parts;
}

// Each permission is named: under -A a program could not give up reading and writing again. --no-code-cache, since the
// cache would be a file of a name that anyone can guess in /tmp. The space for young objects (MiB): more is memory that a job
// would hold for nothing, less is a garbage collection during each start.
const flags = [
  ..."--quiet --no-config --no-check --no-lock --no-code-cache --no-prompt --unstable-worker-options".split(" "),
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4",
  ..."--allow-read --allow-write --allow-run --allow-env --allow-sys".split(" "),
  ..."--deny-net --deny-ffi --deny-import".split(" "),
];

// Deno embeds the times of the files and the name of the program, so both are constant.
const embeddedTime = new Date("2000-01-01T00:00:00Z");
const embeddedName = "nsfarm-deno";

/**
 * Compiles the files of `folder` into a program beside that folder: the same files and runtime give the same bytes.
 * @returns the path of the program
 */
async function compile(folder: string, entry: string, runtime: string): Promise<string> {
  for (const file of await readdir(folder)) await utimes(join(folder, file), embeddedTime, embeddedTime);
  const program = join(dirname(folder), embeddedName);
  await runTool(Deno.execPath(), ["compile", ...flags, "-o", program, entry], {
    doing: "compile the program",
    next: "run ./dev build again, with an empty .tools if that does not help",
    cwd: folder,
    env: { DENORT_BIN: runtime },
  });
  return program;
}
