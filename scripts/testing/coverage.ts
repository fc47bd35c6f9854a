/** `./dev test --coverage`: which lines of the product the unit tests run, by folder. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { textTable } from "../../core/format.ts";
import { DevError, root } from "../tools.ts";

const ROOMS = ["core", "schedulers", "runtime", "commands"];
const folder = join(root, "coverage");
const measured = join(folder, "measured");

/** Makes an empty folder for the measurements and returns the arguments of `deno test` for it. */
export async function beginCoverage(): Promise<string[]> {
  await rm(folder, { recursive: true, force: true });
  return [`--coverage=${measured}`, "--coverage-raw-data-only"];
}

/** Returns the table by folder, and writes every line's count to coverage/lcov.info, which editors show. */
export async function coverageTable(): Promise<string> {
  const include = `--include=^${pathToFileURL(root).href}/(${ROOMS.join("|")})/`;
  const options = { args: ["coverage", "--lcov", include, measured], cwd: root };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  if (!success) throw new DevError(`Cannot read the coverage: ${new TextDecoder().decode(stderr).trim()}`);
  const lcov = new TextDecoder().decode(stdout);
  await writeFile(join(folder, "lcov.info"), lcov);
  return tableText(coverageOf(await readSources(), lcov));
}

/** How many lines of a file have code, and how many of them ran; null: the file was never loaded. */
interface FileCoverage {
  path: string;
  lines: number;
  ran: number | null;
}

async function readSources(): Promise<{ path: string; text: string }[]> {
  const names = await Promise.all(ROOMS.map(async (room) => {
    const entries = await readdir(join(root, room), { recursive: true });
    return entries.filter((name) => name.endsWith(".ts")).map((name) => join(room, name));
  }));
  return await Promise.all(
    names.flat().sort().map(async (path) => ({
      path,
      text: await readFile(join(root, path), "utf8"),
    })),
  );
}

/** Returns the coverage of each source; one that lcov does not name was not loaded, and its lines count as not run. */
export function coverageOf(sources: readonly { path: string; text: string }[], lcov: string): FileCoverage[] {
  const known = new Map(
    [...lcov.matchAll(/^SF:(.*)$[^]*?^LH:(\d+)\nLF:(\d+)$/gm)].map(([, file = "", ran, lines]) =>
      [relative(root, file), { ran: Number(ran), lines: Number(lines) }] as const
    ),
  );
  return sources.map(({ path, text }) => ({ path, ...known.get(path) ?? { ran: null, lines: linesOfCode(text) } }));
}

function linesOfCode(text: string): number {
  return text.split("\n").filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
}

/** Returns a line for each folder and one for all. */
export function tableText(files: readonly FileCoverage[]): string {
  const rows = [...Map.groupBy(files, ({ path }) => dirname(path))].map(([name, some]) => cells(name, some));
  const head = ["folder", "files", "not loaded", "lines", "run", ""];
  return textTable([head, ...rows, cells("all", files)], { align: "lrrrrr" }).join("\n");
}

function cells(name: string, files: readonly FileCoverage[]): string[] {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const ran = files.reduce((sum, file) => sum + (file.ran ?? 0), 0);
  const unloaded = files.filter((file) => file.ran === null).length;
  return [name, `${files.length}`, `${unloaded}`, `${lines}`, `${ran}`, `${Math.floor(100 * ran / lines)} %`];
}
