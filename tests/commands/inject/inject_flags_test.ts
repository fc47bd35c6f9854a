import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readInjectRequest, readThresholds } from "../../../commands/inject/inject_flags.ts";
import { injectScan } from "../../../runtime/scan/inject_runs.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { parseCommandLine } from "../support/parse_command_line.ts";
import { nextstat, spec10k } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";

async function ask(change: Record<string, unknown>): Promise<ReturnType<typeof injectScan>> {
  const found: ReturnType<typeof injectScan>[] = [];
  await inFolder(async (folder) => {
    const given = { workload: "fit-toys", config: spec10k(), inject: ["mu=2,0.5"], nToys: 100, shards: 2 };
    const fixed = { seed: 7, threads: 1, gen: "init", mode: "shared", nextstatBin: nextstat() };
    const options = { ...given, ...fixed, outRoot: folder, injectId: "s", ...change };
    found.push(injectScan(await readInjectRequest(options, await loadAdapter("local"))));
  });
  const [request] = found;
  assert(request);
  return request;
}

Deno.test("each injected value has a run with pulls, seeds of its own, and the other fixed parameters", async () => {
  const { runs, document } = await ask({ set: ["sigma_sig=3"] });
  assert.deepEqual(runs.map(({ set, seed, run_id, pulls }) => ({ set, seed, run_id, pulls })), [
    { set: { sigma_sig: 3, mu: 0.5 }, seed: 7, run_id: "s_mu0.5", pulls: true },
    { set: { sigma_sig: 3, mu: 2 }, seed: 1_000_000_007, run_id: "s_mu2", pulls: true },
  ]);
  assert.deepEqual(document.points, [{ value: 0.5, run_id: "s_mu0.5" }, { value: 2, run_id: "s_mu2" }]);
  const { points } = (await ask({ inject: ["lambda_bkg=-0.04:-0.02:0.01"] })).document;
  assert.deepEqual(points.map(({ run_id }) => run_id), ["s_lambda_bkg-0.04", "s_lambda_bkg-0.03", "s_lambda_bkg-0.02"]);
});

for (
  const [what, change, wanted] of [
    ["without a name", { inject: ["0,1"] }, /Cannot use --inject "0,1": wanted NAME=VALUES/],
    ["of a name with a blank", { inject: ["m u=0,1"] }, /Cannot use --inject "m u=0,1": wanted NAME=VALUES/],
    ["with a word", { inject: ["mu=0,a"] }, /Cannot use --inject "mu=0,a": "a" is no number/],
    [
      "of a value outside its bounds",
      { inject: ["mu=1,9"] },
      /Cannot inject mu = 9: its bounds in the spec are 0 to 5/,
    ],
    [
      "of a parameter that the spec lacks",
      { inject: ["nu=1"], check: false },
      /Cannot inject "nu": the spec has no parame/,
    ],
    [
      "of two parameters",
      { inject: ["mu=1", "mu_sig=91"] },
      /Cannot use --inject "mu=1" and "mu_sig=91": a study has one parameter/,
    ],
    ["given twice", { inject: ["mu=1", "mu=2"] }, /Cannot use --inject "mu=1" and "mu=2"/],
    ["of a parameter that --set gives too", { set: ["mu=1"] }, /Cannot use --set for "mu": --inject gives its values/],
    ["of another workload", { workload: "hypotest-toys" }, /with --workload hypotest-toys: wanted fit-toys/],
    ["of a name that no run may have", { injectId: "s".repeat(63) }, /wanted at most 64 letters/],
    ["of too many toys", { nToys: 2_000_000_000 }, /a point of a study has at most 1000000000 toys/],
  ] satisfies [string, Record<string, unknown>, RegExp][]
) {
  Deno.test(`an injection ${what} is refused before anything is written`, () =>
    assert.rejects(() => ask(change), wanted));
}

Deno.test("an injection into a workspace is refused, and no other workload is advised, which a study does not take", () =>
  inFolder(async (folder) => {
    const config = join(folder, "ws.json");
    const measurements = [{ name: "m", config: { poi: "mu", parameters: [] } }];
    await writeFile(config, JSON.stringify({ channels: [{ name: "c", samples: [] }], measurements }));
    const message = /Cannot make an injection study of ".*": it is a workspace/;
    await assert.rejects(() => ask({ config }), { kind: "input", message, next: /^Give an unbinned spec/ });
  }));

Deno.test("a wrong name of a study is refused by the name of its flag", () =>
  assert.rejects(() => parseCommandLine("nsfarm-deno inject render --inject-id 7"), {
    message: /^Cannot use --inject-id "7": wanted at most 64 letters/,
  }));

Deno.test("the thresholds of the flags are those of the summary", () => {
  const flags = { maxBias: 0.2, widthTolerance: 0.1, maxFailed: 0.05, falseAlarm: 0.01 };
  assert.deepEqual(readThresholds(flags), { max_bias: 0.2, width_tolerance: 0.1, max_failed: 0.05, false_alarm: 0.01 });
});
