import { resolve } from "node:path";
import { errorText, FarmError } from "../../core/errors.ts";
import { faultWords, shownPath } from "../../core/file_fault.ts";
import { type HostsFile, parseHosts } from "../../core/ssh/hosts_file.ts";
import { readRegular } from "../fs/read.ts";

const MAX_HOSTS_BYTES = 1024 * 1024;

/** Reads a hosts file. @throws {FarmError} input */
export function readHosts(path: string): HostsFile {
  return parseHosts(readText(path), path);
}

function readText(path: string): string {
  try {
    // A link to a hosts file is accepted too.
    return new TextDecoder().decode(readRegular(Deno.realPathSync(resolve(path)), MAX_HOSTS_BYTES));
  } catch (error) {
    throw new FarmError(
      "input",
      `Cannot read the hosts file "${shownPath(path)}": ${faultWords(error) ?? errorText(error)}`,
    );
  }
}
