import assert from "node:assert/strict";
import type { OptionValue } from "../../../core/schema/manifest.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import { exampleContext, exampleManifest, TOKEN } from "../../fixtures/context.ts";
import { assertGolden } from "../../support/golden.ts";
import { handle, recorded } from "../support/recorded.ts";

const spooled = (options: Record<string, OptionValue> = {}, wrapper: "sh" | "binary" = "sh") =>
  exampleContext(exampleManifest(4, { mode: "transfer", wrapper }), { options: { "condor-spool": true, ...options } });

const cluster = { ...handle("6", 3), token: TOKEN };

Deno.test("golden: the submit file of spooled jobs, whose results arrive in a folder of their own", () => {
  const { files } = htcondor.render(spooled({}, "binary"));
  assertGolden("condor_spooled.sub", files.find(({ path }) => path === "condor_job_transfer.sub")?.text ?? "");
});

Deno.test("spooled jobs are submitted with -spool, also by hand, and their folder is made before", () => {
  const context = spooled();
  const { chunks, by_hand, folders } = htcondor.render(context);
  const [chunk] = chunks;
  assert.ok(chunk);
  assert.deepEqual(htcondor.submit(context, chunk, TOKEN).argv.slice(0, 3), ["condor_submit", "-terse", "-spool"]);
  assert.deepEqual(by_hand, [["condor_submit", "-spool", "/shared/runs/demo/condor_job_transfer.sub"]]);
  assert.ok(folders?.includes("fetched/logs"));
});

Deno.test("ended spooled jobs are to be fetched while they are in the queue", () => {
  const read = htcondor.readQuery([recorded("condor-q-json-spooled")], [cluster], 0);
  assert.ok(read.kind === "ok");
  assert.deepEqual(read.value.map(({ shard, state, to_fetch = false }) => [shard, state, to_fetch]), [
    [0, "done", true],
    [1, "failed", true],
    [2, "running", false],
  ]);
});

Deno.test("after their removal spooled jobs have the state in which they ended, and one that ran is cancelled", () => {
  const read = htcondor.readQuery([recorded("condor-history-json-spooled")], [cluster], 1);
  assert.ok(read.kind === "ok");
  assert.deepEqual(
    read.value.map(({ shard, state, reason, to_fetch = false }) => [shard, state, reason, to_fetch]),
    [
      [2, "cancelled", "removed with condor_rm", false],
      [1, "failed", "the job ended with an error (exit 3)", false],
      [0, "done", null, false],
    ],
  );
});

Deno.test("results of ended jobs are fetched by our attribute, and nothing is fetched of other runs", () => {
  assert.deepEqual(htcondor.fetch(spooled(), [cluster]).map(({ argv }) => argv), [
    ["condor_transfer_data", "-constraint", `NsfarmToken =?= "nsfarm-${TOKEN}" && JobStatus == 4`],
  ]);
  assert.deepEqual(htcondor.fetch(exampleContext(), [cluster]), []);
});

Deno.test("only ended jobs are discarded, and cancel leaves them in the queue with their results", () => {
  const words = (commands: { argv: string[] }[]) => commands.map(({ argv }) => argv.join(" "));
  const mine = `condor_rm -constraint NsfarmToken =?= "nsfarm-${TOKEN}"`;
  assert.deepEqual(words(htcondor.discard(spooled(), [cluster], [0, 2])), [
    `${mine} && member(ProcId, {0, 2}) && JobStatus == 4`,
  ]);
  assert.deepEqual(words(htcondor.cancel(spooled(), [cluster], null)), [`${mine} && JobStatus =!= 4`]);
  assert.deepEqual(words(htcondor.cancel(spooled(), [cluster], [1])), [
    `${mine} && member(ProcId, {1}) && JobStatus =!= 4`,
  ]);
  assert.deepEqual(words(htcondor.cancel(exampleContext(), [cluster], null)), [mine]);
});

for (
  const [what, options, mode, says] of [
    ["on a shared file system", {}, "shared", /Cannot use --condor-spool without file transfer/],
    ["with --condor-max-idle", { "condor-max-idle": 2 }, "transfer", /--condor-spool with --condor-max-idle/],
    ["with --condor-max-materialize", { "condor-max-materialize": 2 }, "transfer", /with --condor-max-materialize/],
  ] as const
) {
  Deno.test(`--condor-spool ${what} is refused by render and by submit`, () => {
    const manifest = exampleManifest(4, { mode, wrapper: "sh" });
    const context = exampleContext(manifest, { options: { ...options, "condor-spool": true } });
    assert.throws(() => htcondor.render(context), says);
    assert.throws(() => htcondor.submit(context, { index: 0, shards: [0] }, TOKEN), says);
  });
}

Deno.test("a job that finishes a run cannot run where the schedd sees no file of it", () => {
  assert.throws(() => htcondor.finish(spooled(), [cluster], TOKEN), /--finish with --condor-spool/);
});

Deno.test("a file outside the run whose path has a blank cannot be spooled; the run directory may have one", () => {
  const manifest = { ...exampleManifest(4, { mode: "transfer", wrapper: "sh" }), run_dir: "/shared/my runs/demo" };
  const options = { "condor-spool": true };
  const { files } = htcondor.render(exampleContext(manifest, { options }));
  const sent = files.map(({ text }) => /^transfer_input_files = (.*)$/m.exec(text)?.[1]).find((text) => text);
  assert.equal(sent, "../inputs, /shared/bin/nextstat");
  const elsewhere = exampleContext({ ...manifest, nextstat_bin: "/my bin/nextstat" }, { options });
  assert.throws(() => htcondor.render(elsewhere), /--condor-spool with nextstat "\/my bin\/nextstat".*blank/);
});
