import { basename } from "node:path";
import type { InputFile } from "../core/contracts/kinds.ts";
import { errorText, FarmError } from "../core/errors.ts";
import { specFiles } from "../core/spec_files.ts";
import { hashFile, inputPath, mtime_ms } from "./inputs.ts";
import { checkDepth, MAX_DOCUMENT_BYTES } from "./read_file.ts";

export interface SpecInputs {
  spec_sha256: string;
  inputs: InputFile[];
  mtimes_ms: Record<string, number>;
}

/**
 * Reads a spec (JSON, else YAML, as nextstat does) and hashes it and every file that it names.
 * @param config absolute path of the spec
 * @throws {FarmError} input, when the spec or a file that it names cannot be read
 */
export async function readSpec(config: string): Promise<SpecInputs> {
  const files = specFiles(await parseSpec(config));
  const paths = [basename(config), ...files];
  const inputs = paths.map((path) => hashInput(config, path));
  const mtimes_ms = Object.fromEntries(paths.map((path) => [path, mtime_ms(inputPath(config, path)) ?? 0]));
  return { spec_sha256: inputs[0]?.sha256 ?? "", inputs, mtimes_ms };
}

async function parseSpec(config: string): Promise<unknown> {
  const bytes = readSpecBytes(config);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (config.endsWith(".json")) {
      checkDepth(bytes);
      return JSON.parse(text);
    }
    const { parse } = await import("yaml");
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new FarmError(
      "input",
      `Cannot read the spec "${config}": ${errorText(error)}`,
      "Mend the spec; nextstat reads JSON, or YAML where the name does not end in .json",
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
    const what = error instanceof Deno.errors.NotFound ? "it is not there" : errorText(error);
    throw new FarmError("input", `Cannot read the spec "${config}": ${what}`, "Give the spec with --config");
  }
}

function hashInput(config: string, path: string): InputFile {
  const where = inputPath(config, path);
  try {
    if (!Deno.statSync(where).isFile) throw new Error("it is no file");
    return { path, ...hashFile(where) };
  } catch (error) {
    const what = error instanceof Deno.errors.NotFound ? "it is not there" : errorText(error);
    throw new FarmError(
      "input",
      `Cannot read "${where}", which the spec "${config}" names: ${what}`,
      "Put it beside the spec as its `file` entry says, or mend the entry",
    );
  }
}
