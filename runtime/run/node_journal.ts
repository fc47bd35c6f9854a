import { join } from "node:path";
import { errorText, orElse } from "../../core/errors.ts";
import type { FaultyNode } from "../../core/faulty_nodes.ts";
import { FAULT_DAYS, faultLine, faultName, isYoung, type Journal, readFaults } from "../../core/node_journal.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { ClearedNodes } from "../../core/schema/node_fault.ts";
import { namesInPassing } from "../fs/list.ts";
import { MAX_DOCUMENT_BYTES, readRegular } from "../fs/read.ts";
import { appendLine, makeFolder, removeQuietly, writeTemporary } from "../fs/write.ts";
import type { Run } from "./load_manifest.ts";

/** Returns the folder of the journal; undefined: none (XDG Base Directory Specification, XDG_STATE_HOME). */
export function journalFolder(): string | undefined {
  const [own, home] = [variable("XDG_STATE_HOME"), variable("HOME")];
  const state = own?.startsWith("/") ? own : home?.startsWith("/") ? join(home, ".local", "state") : undefined;
  return state && join(state, "nsfarm-deno", "nodes");
}

/** Returns a variable; undefined also in a command that may not read it. */
const variable = (name: string): string | undefined => orElse(undefined, () => Deno.env.get(name));

const FILE = /^.+\.(\d{4}-\d{2})\.jsonl$/;

/**
 * Returns the file of this host and month. One a host: over NFS, O_APPEND of two hosts can overwrite lines (open(2)). One
 * a month: what is too old to count is removed as a whole file, since no line is ever changed.
 */
const fileNow = (now_utc: string): string =>
  `${Deno.hostname().replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100)}.${now_utc.slice(0, 7)}.jsonl`;

/** Reads what is known of nodes; nothing where there is no journal, or it may not be read. */
export function readJournal(folder: string | undefined, now_ms: number): Journal {
  const lines = folder === undefined ? [] : namesIn(folder).flatMap((name) => linesOf(join(folder, name)));
  return readFaults(lines, now_ms);
}

const namesIn = (folder: string): string[] => namesInPassing(folder).filter((name) => FILE.test(name)).sort();

const linesOf = (path: string): string[] =>
  orElse([], () => new TextDecoder().decode(readRegular(path, MAX_DOCUMENT_BYTES)).split("\n"));

/** Names of faults that this process has recorded or found on record. */
const noted = new Set<string>();

/** Records faults of nodes in a run, each once; none where the journal cannot be written, which `nodes` explains. */
export function noteNodeFaults({ dir, manifest }: Run<FarmManifest>, faults: readonly FaultyNode[]): void {
  const now = new Date();
  const folder = journalFolder();
  const noted_at_utc = now.toISOString();
  const of = {
    scheduler: manifest.scheduler,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    run_dir: dir,
  };
  const fresh = faults.map((one) => ({ ...one, ...of, at_utc: one.at_utc ?? noted_at_utc, noted_at_utc }))
    .filter((one) => !noted.has(faultName(one)) && isYoung(one, now.getTime(), FAULT_DAYS));
  if (folder === undefined || fresh.length === 0) return;
  const { known } = readJournal(folder, now.getTime());
  for (const fault of fresh) {
    noted.add(faultName(fault));
    if (!known.has(faultName(fault))) append(folder, faultLine(fault));
  }
}

/** Records that the faults so far of a node, or of all (null), no longer count. Returns why that failed, or null. */
export function clearNodes(folder: string, node: string | null): string | null {
  const cleared: ClearedNodes = { cleared: node, noted_at_utc: new Date().toISOString() };
  return append(folder, JSON.stringify(cleared));
}

/** Appends a line to the file of now. Returns why that failed, or null. */
function append(folder: string, line: string): string | null {
  try {
    makeFolder(folder);
    removeOld(folder);
    appendLine(join(folder, fileNow(new Date().toISOString())), line);
    return null;
  } catch (error) {
    return errorText(error);
  }
}

/** Removes files of months in which no line can count any more. */
function removeOld(folder: string): void {
  const before = new Date(Date.now() - 2 * FAULT_DAYS * 86_400_000).toISOString().slice(0, 7);
  for (const name of namesIn(folder)) {
    if ((FILE.exec(name)?.[1] ?? "") < before) removeQuietly(join(folder, name));
  }
}

/** Returns why faults of nodes cannot be recorded, or null. */
export function journalFault(folder: string | undefined): string | null {
  if (folder === undefined) return "neither XDG_STATE_HOME nor HOME is set";
  try {
    makeFolder(folder);
    removeQuietly(writeTemporary(join(folder, "check"), "", 0o600, false));
    return null;
  } catch (error) {
    return errorText(error);
  }
}
