import { isAbsent } from "../../core/file_fault.ts";
import { refused } from "./refused.ts";

/** Names in a folder; none where it is not there. @throws {FarmError} input, when it cannot be listed */
export function listNames(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw refused("list", folder, error);
  }
}

/** The same in passing: none where it cannot be listed, since what is in there is not ours to clear away. */
export function namesInPassing(folder: string): string[] {
  try {
    return listNames(folder);
  } catch {
    return [];
  }
}
