import { Buffer } from "node:buffer";
import { statfsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorText, orElse, readPrintedError } from "../../core/errors.ts";
import { describeFileSystem, type FileSystem, fileSystemOf } from "../../core/file_system.ts";
import { NEEDED_GLIBC, readGlibc } from "../../core/glibc.ts";
import { VERSION } from "../../core/version.ts";
import parquet from "../../templates/self_check_parquet.txt" with { type: "text" };
import spec from "../../templates/self_check_spec.json" with { type: "text" };
import { publishFile } from "../fs/exclusive.ts";
import { hashFile } from "../fs/hash_file.ts";
import { whileOpen } from "../fs/open.ts";
import { exists, makeFolder, removeQuietly, removeTree, rename, temporaryPath, writeWhole } from "../fs/write.ts";
import { BUILT_IN_NAMES, loadAdapter } from "../scheduler/adapters.ts";
import { runCommands } from "../scheduler/drive.ts";
import { inspectMachine } from "../system/machine.ts";
import { findNextstat, nextstatVersion } from "../system/nextstat.ts";
import { ownBinary, ownCommand, runProgram } from "../system/process.ts";

interface SelfCheckLine {
  what: string;
  /** Null: not needed here, such as a scheduler that is not installed. */
  ok: boolean | null;
  found: string;
  /** The same for programs; absent where nothing was found. */
  facts?: Record<string, string | number | boolean | null>;
}

type Found = Pick<SelfCheckLine, "found" | "facts">;

/** What `self-check --json` prints. */
interface SelfCheck {
  schema_version: "nsfarm_deno_self_check.v1";
  checked_at_utc: string;
  version: string;
  deno: string;
  program: { path: string; sha256: string };
  host: string;
  kernel: string | null;
  cpus_allowed: number;
  folder: string;
  ok: boolean;
  checks: SelfCheckLine[];
}

/**
 * Checks that this copy of the program works on this machine: glibc, nextstat, schedulers, the files of a folder, and
 * three toys. Writes only into a folder of its own below `folder`, and removes it, with each folder that it needed.
 * @param nextstat_bin path of nextstat; undefined: beside the program or on PATH
 */
export async function selfCheck(folder: string, nextstat_bin: string | undefined): Promise<SelfCheck> {
  const { host, kernel, cpus_allowed } = await inspectMachine();
  const path = ownBinary();
  const checks = [await glibc(), await nextstat(nextstat_bin)];
  for (const name of BUILT_IN_NAMES) checks.push(...await scheduler(name));
  checks.push(...await inOwnFolder(folder, nextstat_bin));
  return {
    schema_version: "nsfarm_deno_self_check.v1",
    checked_at_utc: new Date().toISOString(),
    ...{ version: VERSION, deno: Deno.version.deno, program: { path, sha256: hashFile(path).sha256 } },
    ...{ host, kernel, cpus_allowed, folder, ok: checks.every(({ ok }) => ok !== false), checks },
  };
}

/** The program runs, so this glibc is new enough for it: the line is for whoever compares machines. */
async function glibc(): Promise<SelfCheckLine> {
  const { stdout } = await runProgram({ argv: ["getconf", "GNU_LIBC_VERSION"], timeout_s: 10 });
  const version = readGlibc(stdout);
  const found = `${version ?? "unknown"} (needed: ${NEEDED_GLIBC} or newer)`;
  return { what: "glibc", ok: version === null ? null : true, found, facts: { version, needed: NEEDED_GLIBC } };
}

async function nextstat(given: string | undefined): Promise<SelfCheckLine> {
  return await line("nextstat", async () => {
    const path = findNextstat(given);
    const version = await nextstatVersion(path);
    return { found: `${version} (${path})`, facts: { path, version } };
  });
}

async function line(what: string, find: () => Promise<Found> | Found): Promise<SelfCheckLine> {
  try {
    return { what, ok: true, ...await find() };
  } catch (error) {
    return { what, ok: false, found: errorText(error) };
  }
}

/** A scheduler that is not installed, or does not answer here, is no fault of this copy: the line only says so. */
async function scheduler(name: string): Promise<SelfCheckLine[]> {
  const adapter = await loadAdapter(name);
  if (adapter.kind === "worker") return [];
  const results = await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/");
  if (results.every(({ spawn_error }) => spawn_error !== null)) {
    return [{ what: name, ok: null, found: "not installed here", facts: { installed: false } }];
  }
  const { version = null, places = [] } = adapter.readProbe(results);
  const answers = places.length > 0;
  const facts = { installed: true, answers, version };
  if (answers) return [{ what: name, ok: true, found: `answers, version ${version ?? "unknown"}`, facts }];
  const why = results.map(({ stderr }) => stderr.trim().split("\n")[0]).find((text) => text) ?? "it shows no machines";
  return [{ what: name, ok: null, found: `does not answer: ${why}`, facts }];
}

async function inOwnFolder(folder: string, nextstat_bin: string | undefined): Promise<SelfCheckLine[]> {
  const own = join(folder, `.nsfarm-self-check.${Deno.pid}`);
  const missing = missingFolders(folder);
  try {
    const made = await line("folder", () => {
      makeFolder(own);
      const file_system = fileSystemAt(folder);
      const found = `${folder} (${describeFileSystem(file_system)})`;
      return { found, facts: { file_system: file_system.name, seen_by: file_system.seen_by } };
    });
    if (!made.ok) return [made];
    return [
      made,
      await line("links, locks, renames", () => operations(own)),
      await line("three toys", () => toys(own, nextstat_bin)),
    ];
  } finally {
    removeTree(own);
    missing.forEach(removeQuietly);
  }
}

/** Returns a folder and its parents as far as they do not exist, the innermost first. */
function missingFolders(folder: string): string[] {
  return exists(folder) ? [] : [folder, ...missingFolders(dirname(folder))];
}

function operations(own: string): Found {
  const { links, locks } = checkFolder(own);
  const missing = [
    ...(links ? [] : ["no links: a run uses renames in their place"]),
    ...(locks ? [] : ["no locks: give one command at a time"]),
  ];
  return { found: missing.length === 0 ? "work" : missing.join("; "), facts: { links, locks, renames: true } };
}

/** Runs three toys of a spec of 40 events by this same program, as a user would. */
async function toys(own: string, nextstat_bin: string | undefined): Promise<Found> {
  const config = join(own, "self_check_spec.json");
  writeWhole(config, spec);
  writeWhole(join(own, "self_check.parquet"), Buffer.from(parquet, "base64"));
  const size = ["--n-toys", "3", "--shards", "1", "--local-slots", "1"];
  const where = [
    "--out-dir",
    own,
    "--run-id",
    "toys",
    ...(nextstat_bin === undefined ? [] : ["--nextstat-bin", nextstat_bin]),
  ];
  const begin = performance.now();
  const argv = [...ownCommand(), "run", "--config", config, ...size, ...where];
  const { exit_code, stderr } = await runProgram({ argv, timeout_s: 120 });
  const wall_s = (performance.now() - begin) / 1000;
  if (exit_code === 0) return { found: `fitted and merged in ${wall_s.toFixed(1)} s`, facts: { wall_s } };
  const why = readPrintedError(stderr)?.message ?? (stderr.trim().split("\n").at(-1) || `exit ${exit_code}`);
  throw new Error(why.replaceAll(own, basename(own)));
}

/** What works in a folder; a run can do without links and locks. */
interface FolderFacts {
  /** Whether link(2) works; else a run gives names by renames. */
  links: boolean;
  /** Whether flock(2) works. */
  locks: boolean;
}

/** Returns the file system of a folder. @throws {Error} where it cannot be asked */
export const fileSystemAt = (folder: string): FileSystem => fileSystemOf(statfsSync(folder).type);

/**
 * Tries in a folder what the commit of a shard needs: a name that replaces no file, and a rename that does.
 * @throws {Error} where one of them does something else, or a file can be neither written nor removed
 */
export function checkFolder(folder: string): FolderFacts {
  const path = join(folder, "file");
  writeWhole(path, "first");
  const second = temporaryPath(path);
  writeWhole(second, "second");
  if (publishFile(second, path)) throw new Error("a link replaced a file that was there");
  rename(second, path);
  if (Deno.readTextFileSync(path) !== "second") throw new Error("a rename did not replace the file");
  const facts = { links: hasLinks(path, join(folder, "link")), locks: hasLocks(join(folder, "lock")) };
  removeQuietly(path);
  if (exists(path)) throw new Error("a removed file is still there");
  return facts;
}

const hasLinks = (path: string, link: string): boolean =>
  orElse(false, () => {
    Deno.linkSync(path, link);
    return true;
  });

const hasLocks = (path: string): boolean =>
  whileOpen(Deno.openSync(path, { read: true, write: true, create: true }), (file) =>
    orElse(false, () => {
      file.lockSync(true);
      return true;
    }));
