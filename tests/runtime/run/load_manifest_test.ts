import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadRun } from "../../../runtime/run/load_manifest.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("where a run is wanted, an archive is answered with the command that unpacks it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "study.tar");
    await writeFile(path, "");
    assert.throws(() => loadRun(path), { kind: "input", next: /^Unpack the archive first: tar -xf .*study\.tar/ });
  }));

for (const kind of ["limit", "inject", "sweep"]) {
  Deno.test(`where a run is wanted, the document of a ${kind} is answered with the command for all its runs`, () =>
    inFolder(async (folder) => {
      const path = join(folder, `study.${kind}.json`);
      await writeFile(path, JSON.stringify({ schema_version: "another" }));
      assert.throws(() => loadRun(path), {
        kind: "input",
        next: new RegExp(`nsfarm-deno ${kind} summarize --${kind}-json .*study\\.${kind}\\.json`),
      });
    }));
}
