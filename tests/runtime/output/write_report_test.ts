import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeReport } from "../../../runtime/output/report.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";

const NOW = "2026-11-25T10:20:30.000Z";

Deno.test("the report of a run is in its directory with its time, and its figures are files if requested", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "r");
    await writeRun(inventedRun(dir));
    const svg = join(folder, "figures");
    const made = await writeReport(dir, { out: null, svg }, NOW);
    assert.equal(made.report, join(dir, "report.html"));
    assert.match(await readFile(made.report, "utf8"), /2026-11-25 10:20 UTC/);
    assert.ok(made.svg.includes(join(svg, "gantt.svg")));
    for (const figure of made.svg) assert.match(await readFile(figure, "utf8"), /^<\?xml [^\n]*\n<svg [^]*<\/svg>\n$/);
    assert.deepEqual(await writeReport(dir, { out: null, svg }, NOW), made, "it is written again over its own files");
  }));

Deno.test("a report replaces no other file, and then writes no figure either", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "r");
    await writeRun(inventedRun(dir));
    const [out, svg] = [join(dir, "spec.json"), join(folder, "figures")];
    await assert.rejects(writeReport(dir, { out, svg }, NOW), { kind: "usage" });
    assert.equal(await readFile(out, "utf8"), "{}");
    await assert.rejects(Deno.stat(svg), Deno.errors.NotFound);
  }));
