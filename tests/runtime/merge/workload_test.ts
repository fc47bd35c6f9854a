import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import type { RunRequest } from "../../../core/request.ts";
import { HYPOTEST_RUN_SCHEMA } from "../../../core/schema/hypotest.ts";
import { MERGED_SCHEMA } from "../../../core/schema/shard_output.ts";
import { addWorkload } from "../../../core/workload/registry.ts";
import type { CountedOutput, Workload } from "../../../core/workload/workload.ts";
import { workInForeground } from "../../../runtime/control/work.ts";
import { mergeAsRendered } from "../../../runtime/merge/merge.ts";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { exportRun } from "../../../runtime/output/export.ts";
import { writeReport } from "../../../runtime/output/report.ts";
import { renderRun } from "../../../runtime/render/render.ts";
import { loadRun } from "../../../runtime/run/load_manifest.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { inFolder } from "../../support/scratch.ts";

/** A workload that no user has: each toy whose seed can be divided by three counts. */
const Counted = z.object({ first: z.int(), toys: z.int(), threes: z.int() });
type Threes = CountedOutput & z.infer<typeof Counted>;

const Merged = z.object({
  threes: z.int(),
  merge: z.object({
    sources: z.array(z.object({ shard_index: z.int(), toy_start: z.int(), n_toys: z.int() })),
    farm: z.object({ partial: z.boolean(), run_tokens: z.array(z.string()), spec_sha256: z.string() }),
  }),
});

const threes: Workload<Threes> = {
  name: "count-threes",
  run_schema: HYPOTEST_RUN_SCHEMA,
  owned_flags: [],
  has_generation: false,
  has_metrics: false,
  seed_offsets: [0],
  specFault: () => null,
  settings: () => ({ name: "count-threes" }),
  command: (_manifest, plan, { nextstat, out }) => [nextstat, "threes", `${plan.seed}`, `${plan.n_toys}`, out],
  hasOwnCommand: () => true,
  parse: (text) => {
    const counted = Counted.parse(JSON.parse(text));
    const counts = { n_toys: counted.toys, n_converged: counted.toys, n_nonconverged: 0, n_error: 0 };
    return { output: { document: counted, ...counted, ...counts }, entries: null };
  },
  selfFault: ({ threes, toys }) => threes > toys ? "has more threes than toys" : null,
  planFault: (_manifest, plan, { first, toys }) =>
    first === plan.seed && toys === plan.n_toys ? null : `has ${toys} toys from ${first}`,
  isOfPlan: (manifest, plan, text) => threes.planFault(manifest, plan, threes.parse(text).output) === null,
  equalFault: (a, b) => a.threes === b.threes ? null : "the counts differ",
  failedGuardrail: () => false,
  counts: ({ n_converged, n_error }) => ({ n_converged, n_error }),
  reference: null,
  rows: {
    count: () => 1,
    columns: [
      { name: "shard", type: "integer", of: ({ plan }) => plan.shard_index },
      { name: "threes", type: "integer", of: ({ output }) => output.threes },
    ],
  },
  merge: {
    schema: "nextstat.cpu_farm_threes_merged.v1",
    isOutput: (document) => Counted.safeParse(document).success,
    firstSeed: ({ first }) => first,
    mismatch: () => null,
    addUp: (outputs) => {
      const sum = outputs.reduce((all, one) => all + one.threes, 0);
      return { document: { threes: sum }, farm: {}, lines: [`${sum} threes`] };
    },
    about: (document) => {
      const { data } = Merged.safeParse(document);
      if (!data) return null;
      const toys = { seed: 42, n_toys: data.merge.sources.reduce((sum, { n_toys }) => sum + n_toys, 0) };
      return { gen: toys, merge: { ...data.merge, schema_version: MERGED_SCHEMA } };
    },
  },
};

const PROGRAM = `#!/bin/sh
[ "$1" != --version ] || { echo "nextstat 0.10.1"; exit 0; }
n=0 i=0
while [ $i -lt "$3" ]; do [ $((($2 + i) % 3)) -ne 0 ] || n=$((n + 1)); i=$((i + 1)); done
echo "{\\"first\\": $2, \\"toys\\": $3, \\"threes\\": $n}" >"$4"
`;

Deno.test("a workload made up in one file is rendered, run, collected, merged, verified, reported and exported", () =>
  inFolder(async (folder) => {
    addWorkload(threes);
    const [program, spec] = [join(folder, "program"), join(folder, "spec.json")];
    await writeFile(program, PROGRAM);
    await chmod(program, 0o755);
    await writeFile(spec, "{}");
    const request: RunRequest = {
      ...{ scheduler: "local", config: spec, n_toys: 100, seed: 42, shards: 7, threads: 1, nextstat_bin: program },
      ...{ out_dir: folder, run_id: "threes", workload: "count-threes", mu: null, gen: "init", set: {} },
      ...{
        freeze_gen: false,
        starts: null,
        check_starts: 0,
        pulls: false,
        guardrails: NO_GUARDRAILS,
        extra_args: [],
        wrapper: "binary",
      },
      ...{ mode: "shared", pilots: null, shard_minutes: null, options: {}, check: true },
    };
    const { run } = await renderRun(request, await loadAdapter("local"), {});
    await workInForeground(run, "machine", new AbortController().signal, () => {});
    const now = "2026-11-26T10:00:00.000Z";
    assert.deepEqual((await collectRun(run.manifest_path, null, now)).counts, {
      total: 7,
      ok: 7,
      failed: 0,
      other: {},
    });
    const report = await mergeAsRendered(run.dir, false, now);
    assert.deepEqual([report.exit_code, report.result], [0, ["34 threes"]]);
    const merged = JSON.parse(await readFile(join(run.dir, "merged.out.json"), "utf8"));
    assert.deepEqual([merged.threes, merged.merge.n_shards, merged.merge.farm.workload], [34, 7, "count-threes"]);
    assert.deepEqual(verifyRun(run.dir).findings, []);
    await writeReport(run.dir, { out: null, svg: null }, now);
    assert.match(await readFile(join(run.dir, "report.html"), "utf8"), /34 threes/);
    const { path } = await exportRun(run.dir, { format: "csv", out: null, allow_partial: false });
    const rows = ["shard,threes", "0,5", "1,5", "2,5", "3,5", "4,4", "5,5", "6,5"];
    assert.equal(await readFile(path ?? "", "utf8"), rows.join("\r\n") + "\r\n");
    assert.equal(loadRun(run.dir).manifest.farm?.workload?.name, "count-threes");
  }));
