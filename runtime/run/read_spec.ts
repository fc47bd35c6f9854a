import { basename } from "node:path";
import { errorText, FarmError } from "../../core/errors.ts";
import { adviceFor, faultWords, fileFault, shownPath } from "../../core/file_fault.ts";
import type { InputFile } from "../../core/schema/enums.ts";
import { readSpecModel, specFiles, type SpecModel } from "../../core/spec.ts";
import { inputPath } from "../../core/staging.ts";
import { hashFile } from "../fs/hash_file.ts";
import { decodeText, MAX_DOCUMENT_BYTES, parseJson, Unreadable } from "../fs/read.ts";

interface ReadSpec {
  spec: unknown;
  /** The paths of the spec and of every file that it names. */
  paths: string[];
  /** null where this program does not understand the model. */
  model: SpecModel | null;
}

interface SpecInputs {
  spec_sha256: string;
  inputs: InputFile[];
  /** When each was last changed, in ms since 1970; jobs compare it, with the size, before they hash. */
  mtimes_ms: Record<string, number>;
}

/**
 * Reads a spec (JSON, else YAML, as nextstat does).
 * @param config absolute path of the spec
 * @throws {FarmError} input, when the spec or one of its files does not exist or is no regular file; nextstat would
 * block on a FIFO
 */
export async function readSpec(config: string): Promise<ReadSpec> {
  const spec = await parseSpec(config);
  const paths = [basename(config), ...specFiles(spec)];
  for (const path of paths) readable(config, path, () => null);
  return { spec, paths, model: readSpecModel(spec) };
}

/**
 * Hashes a spec and every file that it names.
 * @param paths as readSpec returns them
 * @throws {FarmError} input, when one cannot be read
 */
export function hashSpec(config: string, paths: string[]): SpecInputs {
  const found = paths.map((path) => ({ path, ...readable(config, path, stampAndSum) }));
  const inputs = found.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }));
  const mtimes_ms = Object.fromEntries(found.map(({ path, mtime_ms }) => [path, mtime_ms]));
  return { spec_sha256: inputs[0]?.sha256 ?? "", inputs, mtimes_ms };
}

/** Returns the sum of a file, and when it was last changed before that, so that jobs see a change during the sum. */
export function stampAndSum(path: string): { mtime_ms: number; bytes: number; sha256: string } {
  const mtime_ms = Deno.statSync(path).mtime?.getTime() ?? 0;
  return { mtime_ms, ...hashFile(path) };
}

async function parseSpec(config: string): Promise<unknown> {
  const bytes = readSpecBytes(config);
  try {
    if (config.endsWith(".json")) return parseJson(bytes);
    const { parseYaml } = await import("./parse_yaml.ts");
    return parseYaml(decodeText(bytes));
  } catch (error) {
    throw new FarmError(
      "input",
      `Cannot read the spec "${config}": ${error instanceof Unreadable ? `it ${error.message}` : errorText(error)}`,
      "Correct the spec; nextstat reads JSON, or YAML where the name does not end in .json",
    );
  }
}

function readSpecBytes(config: string): Uint8Array {
  try {
    const info = Deno.statSync(config);
    if (!info.isFile) throw new Error("it is no file");
    if (info.size > MAX_DOCUMENT_BYTES) throw new Error(`it has ${info.size} bytes, more than ${MAX_DOCUMENT_BYTES}`);
    return Deno.readFileSync(config);
  } catch (error) {
    const fault = fileFault(error);
    const next = (fault && adviceFor(fault)) ?? "Give the spec with --config";
    const what = faultWords(error) ?? errorText(error);
    throw new FarmError("input", `Cannot read the spec "${shownPath(config)}": ${what}`, next);
  }
}

/** Calls `act` with a file of the spec; errors are turned into those for users. */
function readable<T>(config: string, path: string, act: (where: string) => T): T {
  const where = inputPath(config, path);
  try {
    if (!Deno.statSync(where).isFile) throw new Error("it is no file");
    return act(where);
  } catch (error) {
    throw new FarmError(
      "input",
      `Cannot read "${where}", which the spec "${config}" names: ${faultWords(error) ?? errorText(error)}`,
      "Put it beside the spec as its `file` entry says, or correct the entry",
    );
  }
}
