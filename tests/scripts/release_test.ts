import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkSums, releaseNotes, versionFault, writeSums } from "../../scripts/release/version.ts";
import { inFolder } from "../support/scratch.ts";

const changelog =
  "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-26\n\n### Added\n\n- a\n\n## [1.1.0] - 2026-10-01\n";

const citation = "title: nsfarm-deno\nversion: 1.2.0\ndate-released: 2026-11-26\nkeywords: []\n";

Deno.test("a release whose CHANGELOG and tag have its version is made", () => {
  assert.equal(versionFault({ version: "1.2.0", changelog, citation, tags: ["v1.2.0"] }), null);
  assert.equal(versionFault({ version: "1.2.0", changelog, citation, tags: [] }), null);
});

Deno.test("a CHANGELOG without the version stops a release", () => {
  assert.match(
    versionFault({ version: "1.3.0", changelog, citation, tags: [] }) ?? "",
    /newest version in CHANGELOG.md is 1.2.0/,
  );
  assert.match(
    versionFault({ version: "1.1.0", changelog, citation, tags: [] }) ?? "",
    /newest version in CHANGELOG.md is 1.2.0/,
  );
  const none = versionFault({ version: "1.2.0", changelog: "# Changelog\n\n## [Unreleased]\n", citation, tags: [] });
  assert.match(none ?? "", /has no section "## \[1.2.0\] - YYYY-MM-DD"/);
});

Deno.test("a CITATION.cff of another version or date stops a release", () => {
  for (const [was, is] of [["1.2.0", "1.1.0"], ["-26", "-25"]] as const) {
    const fault = versionFault({ version: "1.2.0", changelog, citation: citation.replace(was, is), tags: [] });
    assert.equal(fault, "CITATION.cff has not version 1.2.0 of 2026-11-26; set both there");
  }
});

Deno.test("lines under Unreleased stop a release", () => {
  const more = changelog.replace("[Unreleased]\n", "[Unreleased]\n\n- not yet\n");
  assert.match(versionFault({ version: "1.2.0", changelog: more, citation, tags: [] }) ?? "", /lines under Unreleased/);
});

Deno.test("the notes of a release are what the CHANGELOG says of its version", () => {
  assert.equal(releaseNotes(changelog), "### Added\n\n- a\n");
});

Deno.test("a tag of another version stops a release", () => {
  assert.match(versionFault({ version: "1.2.0", changelog, citation, tags: ["v1.1.0"] }) ?? "", /has the tag v1.1.0/);
});

Deno.test("a file that changed, came or went since its sum was written stops the check of a release", () =>
  inFolder(async (scratch) => {
    const folder = join(scratch, "release");
    await mkdir(folder);
    await assert.rejects(checkSums(folder), /make it with \.\/dev release/);
    await writeFile(join(folder, "a.tar.gz"), "one");
    await writeFile(join(folder, "b.whl"), "two");
    await writeSums(folder);
    await checkSums(folder);
    const sums = await readFile(join(folder, "SHA256SUMS"), "utf8");
    assert.equal(sums.split("\n").length, 3);
    await writeFile(join(folder, "a.tar.gz"), "changed");
    await assert.rejects(checkSums(folder), /: a\.tar\.gz differ from SHA256SUMS/);
    await writeFile(join(folder, "a.tar.gz"), "one");
    await writeFile(join(folder, "c.tgz"), "three");
    await assert.rejects(checkSums(folder), /: c\.tgz differ from SHA256SUMS/);
  }));
