/**
 * Builds one program from the sources: bundles them into scripts, runs some commands to get V8's code cache of each, and
 * compiles scripts and caches with Deno's runtime into one file.
 */
import { copyFile, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pid } from "node:process";
import { VERSION } from "../../core/version.ts";
import { LOADER } from "../../runtime/system/second_thread.ts";
import { makeShards } from "../make_shards.ts";
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
    await compileAhead(files, runtime);
    await moveTo(await compile(files, ENTRY, runtime.path), options.out);
  });
  return runtime;
}

/** Returns the facts of `--version --json`, without date or path, so that two builds give the same bytes. */
function buildFacts(runtime: Runtime): Record<string, string> {
  const { target, sha256, source } = runtime;
  return { version: VERSION, deno: pinnedDeno, target, denort_sha256: sha256, denort_source: source };
}

/** Moves the program to its place. Copied first, since `out` may be on another file system than .tools. */
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

/** The start of the program (main.ts), which prints the version, and loads the rest for all else. */
const ENTRY = "main.js";
/** The rest, as main.ts imports it; its script is called `program`. */
const REST = "./commands/program.ts";
/** Packages that few commands need. Each is a script of its own, since `program` is read whole at each start. */
const APART = ["sucrase", "es-module-lexer/js", "yaml", "hyparquet", "hyparquet-writer"];
/** The command that starts once for each shard. It has a smaller script, without the other commands. */
const SMALL = "job";

/** The folder of load_program.js and compile_ahead.js, which are parts of what is built. */
const sources = join(root, "scripts", "building");

/**
 * Bundles `main.ts` with its packages and templates into `folder`: the start as a module, with `build` as
 * globalThis.__NSFARM_BUILD__, and the rest as scripts, which load_program.js runs.
 * @throws DevError if it does not bundle
 */
async function bundle(folder: string, build: Record<string, string>): Promise<void> {
  await mkdir(folder);
  const start = await bundled(join(root, "main.ts"), external([REST]));
  const facts = `globalThis.__NSFARM_BUILD__=${JSON.stringify(build)};\n`;
  await writeFile(join(folder, ENTRY), facts + start.replace(`"${REST}"`, `"./${LOADER}"`));
  await copyFile(join(sources, LOADER), join(folder, LOADER));
  await writeScript(folder, "program", join(root, REST), APART);
  await writeScript(folder, SMALL, join(root, REST), [...APART, ...await commandsWithout(SMALL)]);
  for (const name of APART) {
    const entry = `${folder}.ts`;
    await writeFile(entry, `export * from "${name}";\n`);
    await writeScript(folder, name, entry, []);
  }
  await writeScripts(folder, SMALL, [SMALL]);
  await writeScripts(folder, "program", ["program", ...APART]);
}

const external = (names: readonly string[]) => names.flatMap((name) => ["--external", name]);

/** Returns the files of all commands but one, as the table of commands loads them. */
async function commandsWithout(name: string): Promise<string[]> {
  const table = await readFile(join(root, "commands", "table.ts"), "utf8");
  const files = [...table.matchAll(/import\("\.\/(\S+?)\.ts"\)/g)].map(([, file = ""]) => file);
  return files.filter((file) => file !== name).map((file) => `./commands/${file}.ts`);
}

/** Writes a bundle as the text of a function, which load_program.js calls; it names no folder of this machine. */
async function writeScript(folder: string, name: string, entry: string, left_out: readonly string[]): Promise<void> {
  const text = await bundled(entry, ["--format", "cjs", ...external(left_out)]);
  const script = `(function(require,module,exports){${text.replaceAll(`${root}/`, "./")}\n})`;
  await writeFile(join(folder, fileOf(name, "script")), script);
}

const fileOf = (name: string, kind: "script" | "cache") => `${name.replaceAll("/", "_")}.${kind}`;

/**
 * Writes parts.js: for each of these commands a function that loads its scripts, and one that loads its code cache.
 * @param cached whether there are code caches yet
 */
async function writeParts(folder: string, commands: readonly string[], cached: boolean): Promise<void> {
  const rows = commands.map((name) => {
    const scripts = `() => import("./${name === SMALL ? SMALL : "program"}.scripts.js")`;
    const cache = `() => import("./${fileOf(name, "cache")}", { with: { type: "bytes" } })`;
    return `["${name}", { scripts: ${scripts}${cached ? `, cache: ${cache}` : ""} }],\n`;
  });
  await writeFile(join(folder, "parts.js"), `export default new Map([\n${rows.join("")}]);\n`);
}

/** Writes a module with the texts of scripts by name; the first is the program. */
async function writeScripts(folder: string, name: string, scripts: readonly string[]): Promise<void> {
  const lines = scripts.map((one, i) => `import s${i} from "./${fileOf(one, "script")}" with { type: "text" };\n`);
  const members = scripts.map((one, i) => `"${i === 0 ? "program" : one}": s${i}`);
  const text = `${lines.join("")}export default { ${members.join(", ")} };\n`;
  await writeFile(join(folder, `${name}.scripts.js`), text);
}

async function bundled(entry: string, more: string[]): Promise<string> {
  const args = ["bundle", "--quiet", "--unstable-raw-imports", "--minify", ...more, entry];
  return await runTool(Deno.execPath(), args, { doing: `bundle "${entry}"`, next: "run ./dev check", cwd: root });
}

/**
 * Flags of `deno compile`. Each permission is named, since under -A a program cannot give up reading and writing.
 * --no-code-cache, since Deno's own cache is a file in /tmp whose name anyone can guess. 4 MiB for young objects: with
 * more, each job holds memory that it does not need; with less, each start has a garbage collection.
 */
const flags = [
  ..."--quiet --no-config --no-check --no-lock --no-code-cache --no-prompt --unstable-worker-options --unstable-raw-imports"
    .split(" "),
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4",
  ..."--allow-read --allow-write --allow-run --allow-env --allow-sys".split(" "),
  ..."--deny-net --deny-ffi --deny-import".split(" "),
];

/** Deno embeds the times of the files and the name of the program, so both are constant. */
const embeddedTime = new Date("2000-01-01T00:00:00Z");
const embeddedName = "nsfarm-deno";

/**
 * Compiles a file of `folder` and those that it imports into a program beside that folder. The same files and runtime
 * give the same bytes.
 * @returns the path of the program
 */
async function compile(folder: string, entry: string, runtime: string): Promise<string> {
  for (const name of await readdir(folder)) await utimes(join(folder, name), embeddedTime, embeddedTime);
  const program = join(dirname(folder), embeddedName);
  await runTool(Deno.execPath(), ["compile", ...flags, "-o", program, entry], {
    doing: "compile the program",
    next: "run ./dev build again, with an empty .tools if that does not help",
    cwd: folder,
    env: { DENORT_BIN: runtime },
  });
  return program;
}

/**
 * The commands that have a code cache, and the command lines that are run for it during the build. Few commands, since
 * each start reads all caches of the file, a millisecond for each MB. RUN is a run of which shard 0 is done and shard 1
 * cannot be fitted.
 */
const AHEAD: Record<string, string[]> = {
  job: ["job RUN 0 1"],
  run: [
    "render --config RUN/inputs/gauss_exp_10k.json --n-toys 2 --shards 2 --nextstat-bin RUN/inputs/nextstat --out-dir RUN/more --run-id x --no-check",
    "run --help",
  ],
};

/**
 * Writes the code cache of each command of AHEAD into `folder`, and parts.js with it. The runtime itself makes them, in a
 * program with the same flags, since V8 accepts only a cache of its own version and flags. A program for another machine
 * has none, and starts about 30 ms later.
 */
async function compileAhead(folder: string, { path, target }: Runtime): Promise<void> {
  const commands = Object.keys(AHEAD);
  await writeParts(folder, commands, false);
  if (target !== Deno.build.target) return;
  // With a space, so that paths are quoted wherever the checkout is.
  const run = `${folder} run`;
  await makeShards(run, 2, 2);
  for (const kind of ["out", "metrics"]) await rm(join(run, `shard_1.${kind}.json`));
  await writeFile(join(run, "inputs", "nextstat"), "#!/bin/sh\necho nextstat 0.0.0\n", { mode: 0o755 });
  const entry = join(folder, "compile_ahead.js");
  await copyFile(join(sources, "compile_ahead.js"), entry);
  const program = await compile(folder, "compile_ahead.js", path);
  // Without the environment: what render records of it decides which functions are compiled.
  const options = { doing: "compile functions ahead", next: "run ./dev build again", cwd: folder, clearEnv: true };
  for (const [command, lines] of Object.entries(AHEAD)) {
    await runTool(program, [command, run, ...lines], options);
  }
  await rm(entry);
  await writeParts(folder, commands, true);
}
