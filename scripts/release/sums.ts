/** SHA256SUMS of a folder, in the format of sha256sum(1). */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { DevError } from "../tools/dev_error.ts";

export const SHA256SUMS = "SHA256SUMS";

async function sumsOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name !== SHA256SUMS).sort();
  const lines = names.map(async (name) => `${sha256Of(await readFile(join(folder, name)))}  ${name}\n`);
  return (await Promise.all(lines)).join("");
}

/** Writes the sums of all files of a folder into it. */
export async function writeSums(folder: string): Promise<void> {
  await writeFile(join(folder, SHA256SUMS), await sumsOf(folder));
}

/** Compares the files of a folder with its sums. @throws {DevError} naming the files that differ */
export async function checkSums(folder: string): Promise<void> {
  const recorded = await readFile(join(folder, SHA256SUMS), "utf8").catch(() => {
    throw new DevError(`Cannot check the release: no "${join(folder, SHA256SUMS)}"; make it with ./dev release`);
  });
  const present = await sumsOf(folder);
  if (present === recorded) return;
  const lines = new Set(recorded.split("\n"));
  const present_lines = new Set(present.split("\n"));
  const differing = [...lines.symmetricDifference(present_lines)].map((line) => line.slice(66));
  const names = [...new Set(differing)].join(", ");
  throw new DevError(`Cannot check the release: ${names} differ from ${SHA256SUMS}; make it anew with ./dev release`);
}
