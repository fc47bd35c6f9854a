import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fitCommand } from "../../../core/fit_command.ts";
import type { Cause } from "../../../core/schema/enums.ts";
import { resultOf } from "../../../runtime/shard/fit.ts";
import { exampleManifest } from "../../fixtures/context.ts";
import { nextstat } from "../../support/farm.ts";
import { hardSpec } from "../../support/hard_spec.ts";
import { inFolder } from "../../support/scratch.ts";

type Damage = (files: { out: string; metrics: string }) => Promise<unknown>;

/** What is made of a real end of nextstat whose guardrail failed, when its files are damaged and its end is changed. */
async function judged(folder: string, damage: Damage, cause: Cause, exit_code: number | null): Promise<string> {
  const manifest = exampleManifest(1, { pulls: true });
  manifest.config = await hardSpec(folder);
  Object.assign(manifest, { n_toys: 1 });
  Object.assign(manifest.plans[0] ?? {}, { n_toys: 1 });
  const [plan] = manifest.plans;
  assert(plan);
  const files = { out: join(folder, "out.json"), metrics: join(folder, "metrics.json") };
  const [program = "", ...args] = fitCommand(manifest, plan, { nextstat: nextstat(), ...manifest, ...files }, 1);
  const { code } = await new Deno.Command(program, { args, stderr: "null" }).output();
  assert.equal(code, 1);
  await damage(files);
  const result = resultOf(cause, exit_code, files, manifest, plan);
  return "cause" in result ? result.cause : "a result";
}

const edit = (file: "out" | "metrics", from: RegExp, to: string): Damage => async (files) => {
  const text = await readFile(files[file], "utf8");
  assert.match(text, from);
  await writeFile(files[file], text.replace(from, to));
};
const none: Damage = () => Promise.resolve();

const CASES: [what: string, damage: Damage, cause: Cause, exit_code: number | null, wanted: string][] = [
  ["a whole output whose guardrail failed", none, "exit", 1, "a result"],
  ["the same with a warning that sounds like a full disk", none, "disk", 1, "a result"],
  ["the same with a warning that sounds like too little memory", none, "memory", 1, "a result"],
  ["an output cut short", edit("out", /[^]{80}$/, ""), "exit", 1, "exit"],
  ["an output without metrics", ({ metrics }) => Deno.remove(metrics), "exit", 1, "exit"],
  ["metrics that say that it did not end well", edit("metrics", /"ok": ?true/, '"ok": false'), "exit", 1, "exit"],
  ["metrics cut short", edit("metrics", /[^]{20}$/, ""), "exit", 1, "exit"],
  ["guardrails that passed", edit("out", /"passed": ?false/, '"passed": true'), "exit", 1, "exit"],
  ["an output of other toys", edit("out", /"seed": ?42/, '"seed": 43'), "exit", 1, "exit"],
  ["another exit code", none, "exit", 2, "exit"],
  ["a signal", none, "signal", null, "signal"],
  ["a fit that was told to stop", none, "terminated", 1, "terminated"],
  ["a fit whose time was up", none, "time", 1, "time"],
  ["a nextstat that is not the run's", none, "version", 1, "version"],
];

for (const [what, damage, cause, exit_code, wanted] of CASES) {
  Deno.test(`the end of a fit, "${cause}" with exit code ${exit_code}: ${what} is ${wanted}`, () =>
    inFolder(async (folder) => assert.equal(await judged(folder, damage, cause, exit_code), wanted)));
}
