import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun, writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";

/** What verify says of the merged document of a run of four shards once it was changed. */
function saidOf(change: (paths: { merged: string; manifest: string }) => Promise<void>): Promise<string[]> {
  let printed: string[] = [];
  return inFolder(async (folder) => {
    const { run_dir } = await writeRunAt(folder);
    await change({ merged: join(run_dir, "merged.out.json"), manifest: join(run_dir, "manifest.json") });
    printed = mergedFaults(run_dir);
  }).then(() => printed);
}

const mergedFaults = (run_dir: string): string[] =>
  verifyRun(run_dir).findings.filter(({ file }) => file === "merged.out.json").map(({ what }) => what);

async function writeRunAt(folder: string) {
  const manifest = inventedRun(join(folder, "invented"));
  await writeRun(manifest);
  await merge(manifest.run_dir);
  return manifest;
}

Deno.test("verify compares a merge with its shards where a folder or a parameter has letters of several bytes", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "ünïcödé μ"));
    await writeRun(manifest);
    for (const plan of manifest.plans) {
      await writeShard(manifest, plan, inventedOutput(manifest, plan).replaceAll('"mu"', '"μ"'));
    }
    await merge(manifest.run_dir);
    assert.deepEqual(mergedFaults(manifest.run_dir), []);
  }));

Deno.test("verify reports once that a merged document is no JSON and differs from what the merge wrote", async () => {
  const printed = await saidOf(async ({ merged }) =>
    await writeFile(merged, (await readFile(merged, "utf8")).slice(0, -9))
  );
  assert.equal(printed.length, 1);
  assert.match(printed[0] ?? "", /^is no JSON: [^;]*; it is not what the merge wrote: its sha256 differs$/);
});

Deno.test("verify reports that a merged document is older than an extension, not where it differs", async () => {
  const printed = await saidOf(async ({ manifest }) => {
    const run = JSON.parse(await readFile(manifest, "utf8"));
    const last = run.plans.at(-1);
    const plan = {
      ...last,
      shard_index: run.plans.length,
      toy_start: run.n_toys,
      n_toys: 5,
      seed: run.seed + run.n_toys,
    };
    await writeFile(manifest, JSON.stringify({ ...run, n_toys: run.n_toys + 5, plans: [...run.plans, plan] }));
  });
  assert.equal(printed.length, 1);
  assert.match(printed[0] ?? "", /^is not of the run as it is now: it is of \d+ toys, the run has \d+$/);
});

Deno.test("verify names the byte at which a readable merged document differs from its shards", async () => {
  const printed = await saidOf(async ({ merged }) => {
    const text = await readFile(merged, "utf8");
    const at = text.indexOf("]", text.indexOf('"poi_hat"')) - 8;
    const digit = text.slice(0, at).search(/\d[^\d]*$/);
    await writeFile(merged, `${text.slice(0, digit)}${text[digit] === "1" ? 2 : 1}${text.slice(digit + 1)}`);
  });
  assert.match(printed.join("\n"), /it differs from its shards at byte \d+, in results\.poi_hat/);
});

Deno.test("verify says of a spec, an input or nextstat that was removed that it is not there, in words", () =>
  inFolder(async (folder) => {
    const { run_dir, nextstat_bin, config } = await writeRunAt(folder);
    await rm(config);
    const { findings } = verifyRun(run_dir);
    assert.deepEqual(findings, [config, nextstat_bin].map((file) => ({ file, what: "is not there" })));
  }));
