import assert from "node:assert/strict";
import { chmod, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../../runtime/fs/hash_file.ts";
import { RenderedFiles } from "../../../runtime/run/rendered_files.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

const SPEC = '{"channels": []}';
const PROGRAM = '#!/bin/sh\necho "nextstat 0.10.1"\n';

interface Rendered {
  spec: string;
  nextstat: string;
  files: RenderedFiles;
  what(): Promise<string | undefined>;
}

/** A run whose spec and nextstat are files of a folder, as they were when it was rendered. */
function inRun(work: (run: Rendered) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const [spec, nextstat] = [join(folder, "spec.json"), join(folder, "nextstat")];
    await writeFile(spec, SPEC);
    await writeFile(nextstat, PROGRAM);
    await chmod(nextstat, 0o755);
    const inputs = [{ path: "spec.json", bytes: SPEC.length, sha256: sha256Of(SPEC) }];
    const manifest = inventedRun(folder, { config: spec, inputs });
    manifest.nextstat_bin = nextstat;
    manifest.farm.nextstat_sha256 = sha256Of(PROGRAM);
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
    const files = new RenderedFiles(runOf(folder, manifest));
    await work({ spec, nextstat, files, what: async () => (await files.inspect()).fault?.what });
  });
}

Deno.test("files as they were rendered are accepted, also with another time", () =>
  inRun(async ({ spec, files }) => {
    assert.deepEqual(await files.inspect(), { nextstat_sha256: sha256Of(PROGRAM), fault: null });
    await utimes(spec, 1000, 1000);
    assert.equal((await files.inspect()).fault, null);
    await files.require("Cannot run");
  }));

Deno.test("an input of another size or of other bytes of the same size, or that is gone, is named", () =>
  inRun(async ({ spec, files, what }) => {
    await writeFile(spec, `${SPEC} `);
    assert.match(await what() ?? "", /spec\.json" is not the file that the run was rendered with$/);
    await writeFile(spec, SPEC.replace("[", "{"));
    assert.match(await what() ?? "", /is not the file/);
    await rm(spec);
    assert.match(await what() ?? "", /spec\.json" cannot be read: /);
    await assert.rejects(files.require("Cannot run it"), {
      kind: "input",
      message: /^Cannot run it: .*cannot be read/,
    });
  }));

Deno.test("another build of the same nextstat can be accepted, another version cannot", () =>
  inRun(async ({ nextstat, files }) => {
    await writeFile(nextstat, `${PROGRAM}# built again\n`);
    const { fault } = await files.inspect();
    assert.match(fault?.what ?? "", /is not the file that the run was rendered with: sha256 \w{12}, not \w{12}$/);
    assert.match(fault?.next ?? "", /retry .* --accept-changed-nextstat$/);
    await writeFile(nextstat, PROGRAM.replace("0.10.1", "0.11.0"));
    const other = (await files.inspect()).fault;
    assert.match(other?.what ?? "", /is version 0\.11\.0, the run was rendered with 0\.10\.1$/);
    assert.doesNotMatch(other?.next ?? "", /accept/);
  }));
