/** The one version of a release, the files that must agree on it, and the sums of what was made. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VERSION } from "../../core/version.ts";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { DevError, runTool } from "../tools.ts";

/** What of a checkout says which version it is. */
interface VersionClaims {
  /** Of deno.json. */
  version: string;
  changelog: string;
  /** Text of CITATION.cff. */
  citation: string;
  /** Tags of the commit that begin with "v". */
  tags: string[];
}

/** Heading of a released version: https://keepachangelog.com/en/1.1.0/ */
const RELEASED = /^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$/m;

/**
 * Returns why these claims do not agree, and what to do; null where they do. The newest section of the CHANGELOG below
 * "Unreleased" must be the version's, CITATION.cff must have its version and date, and a tag of the commit must be "v" and
 * the version.
 */
export function versionFault({ version, changelog, citation, tags }: VersionClaims): string | null {
  const newest = RELEASED.exec(changelog)?.[1];
  if (newest === undefined) return `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"; add it`;
  if (newest !== version) {
    return `the newest version in CHANGELOG.md is ${newest}, in deno.json ${version}; make them equal`;
  }
  const [, unreleased = ""] = /^## \[Unreleased\]$([\s\S]*?)^## \[/m.exec(changelog) ?? [];
  if (unreleased.trim() !== "") {
    return "CHANGELOG.md has lines under Unreleased; move them to a version, and raise deno.json";
  }
  const date = RELEASED.exec(changelog)?.[2];
  if (!citation.includes(`\nversion: ${version}\ndate-released: ${date}\n`)) {
    return `CITATION.cff has not version ${version} of ${date}; set both there`;
  }
  const wrong = tags.find((tag) => tag !== `v${version}`);
  if (wrong !== undefined) {
    return `the commit has the tag ${wrong}, and deno.json says ${version}; move the tag or raise it`;
  }
  return null;
}

/** Returns what the CHANGELOG says of its newest version, without the heading. */
export function releaseNotes(changelog: string): string {
  const heading = RELEASED.exec(changelog);
  if (heading === null) return "";
  const rest = changelog.slice(heading.index + heading[0].length);
  return `${rest.split(/^## /m)[0]?.trim() ?? ""}\n`;
}

/**
 * Returns the version of a checkout, what its CHANGELOG says of it, and whether the commit has its tag.
 * @throws {DevError} when deno.json, CHANGELOG.md, CITATION.cff and the tag of the commit do not agree
 */
export async function releaseVersion(
  checkout: string,
): Promise<{ version: string; notes: string; isTagged: boolean }> {
  const [changelog = "", citation = ""] = await Promise.all(
    ["CHANGELOG.md", "CITATION.cff"].map((name) => readFile(join(checkout, name), "utf8")),
  );
  const printed = await runTool("git", ["tag", "--points-at", "HEAD", "--list", "v*"], {
    ...{ doing: "read the tags of this commit", next: "release from a git checkout", cwd: checkout },
  });
  const tags = printed.split("\n").filter((tag) => tag !== "");
  const fault = versionFault({ version: VERSION, changelog, citation, tags });
  if (fault !== null) throw new DevError(`Cannot release ${VERSION}: ${fault}`);
  return { version: VERSION, notes: releaseNotes(changelog), isTagged: tags.length > 0 };
}

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
