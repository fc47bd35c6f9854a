import assert from "node:assert/strict";
import { join } from "node:path";
import { collectPoints, openOrRender, renderPoints } from "../../../commands/scan/steps.ts";
import { LIMIT, limitScan } from "../../../runtime/scan/limit_runs.ts";
import { unmergedRuns } from "../../../runtime/scan/scan_runs.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { askedLimit } from "../../runtime/support/asked_limit.ts";
import { inFolder } from "../../support/scratch.ts";
import { keptOutput } from "../support/kept_output.ts";

Deno.test("the runs of a scan are rendered once, and collected without a result they are open", () =>
  inFolder(async (folder) => {
    const request = limitScan(await askedLimit(folder));
    const out = keptOutput();
    const adapter = await loadAdapter("local");
    assert.equal(await renderPoints(LIMIT, request, adapter, out), 0);
    const dirs = ["l_mu0.5", "l_mu1"].map((name) => join(folder, name));
    assert.deepEqual(out.printed, [[join(folder, "l.limit.json"), ...dirs].join("\n")]);
    assert.match(out.notes.at(-1) ?? "", /Run it with:\n {2}nsfarm-deno limit submit --limit-json .*l\.limit\.json'?$/);
    const open = await openOrRender(LIMIT, request, adapter, out);
    assert.deepEqual(unmergedRuns(open).map(({ dir }) => dir), dirs);
    const collected = keptOutput();
    assert.equal(await collectPoints(LIMIT, open, collected), 5);
    assert.deepEqual(collected.printed.map((line) => line.split(" ")[0]), ["open", "open"]);
  }));
