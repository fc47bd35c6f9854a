/** The one version of a release, and who must agree on it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VERSION } from "../../core/version.ts";
import { DevError } from "../tools/dev_error.ts";
import { runTool } from "../tools/run_tool.ts";

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
