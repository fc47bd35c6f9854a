import assert from "node:assert/strict";
import { readFile, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun, writeShard } from "../../fixtures/run_dir.ts";
import { flipByte } from "../../support/damage.ts";
import { inFolder } from "../../support/scratch.ts";

const NOW = "2026-11-25T00:00:00Z";

/** What collect says of shard 2 of a run whose other shards are good; null: it is good too. */
async function errorOf(folder: string, spoil: (manifest: FarmManifest, base: string) => Promise<void>) {
  const manifest = inventedRun(join(folder, "r"));
  await writeRun(manifest);
  await spoil(manifest, join(manifest.run_dir, "shard_2"));
  const { not_ok } = await collectRun(manifest.run_dir, null, NOW);
  assert(not_ok.every(({ shard_index }) => shard_index === 2));
  return not_ok[0]?.error ?? null;
}

/** Rewrites shard 2 with a record that fits to what is written. */
async function rewrite(manifest: FarmManifest, from: RegExp, to: string): Promise<void> {
  const [, , plan] = manifest.plans;
  assert(plan);
  const text = inventedOutput(manifest, plan);
  assert.match(text, from);
  await writeShard(manifest, plan, text.replace(from, to));
}

Deno.test("collect finds every shard of a whole run valid, also one in another program's layout", () =>
  inFolder(async (folder) => {
    assert.equal(await errorOf(folder, () => Promise.resolve()), null);
    const anew = async (manifest: FarmManifest) => {
      const [, , plan] = manifest.plans;
      assert(plan);
      await writeShard(manifest, plan, JSON.stringify(JSON.parse(inventedOutput(manifest, plan))));
    };
    assert.equal(await errorOf(folder, anew), null);
  }));

Deno.test("collect reports a flipped byte, a truncated file, a broken record, a link and unplanned toys", () =>
  inFolder(async (folder) => {
    const says = async (wanted: RegExp, spoil: (manifest: FarmManifest, base: string) => Promise<void>) =>
      assert.match(await errorOf(folder, spoil) ?? "good", wanted);
    await says(/^shard_2\.out\.json does not have the sha256 of its record/, (_, base) => flipByte(`${base}.out.json`));
    await says(/^shard_2\.out\.json is no JSON/, (_, base) => truncate(`${base}.out.json`, 900));
    await says(/^shard_2\.metrics\.json is no JSON/, (_, base) => truncate(`${base}.metrics.json`, 900));
    await says(/^shard_2\.metrics\.json is not as wanted/, async (_, base) => {
      const text = await readFile(`${base}.metrics.json`, "utf8");
      await writeFile(`${base}.metrics.json`, text.replace('"nextstat_metrics_v0"', '"nextstat_metrics_v1"'));
    });
    await says(/run seed 43, planned is 42/, (manifest) => rewrite(manifest, /"seed": 42/, '"seed": 43'));
    await says(
      /has 5 entries, wanted 4 \(results\.n_toys\)/,
      (manifest) => rewrite(manifest, /("results"[^]*)"n_toys": 5/, '$1"n_toys": 4'),
    );
    await says(/generated at "mle", planned is "init"/, (manifest) => rewrite(manifest, /"init"/, '"mle"'));
    await says(/ended with "exit"/, async (_, base) => {
      const text = await readFile(`${base}.metrics.json`, "utf8");
      await writeFile(`${base}.metrics.json`, text.replace('"cause": "ok"', '"cause": "exit"'));
    });
    for (const kind of ["out", "metrics"]) {
      await says(new RegExp(`^shard_2\\.${kind}\\.json is a link, wanted a regular file`), async (_, base) => {
        await rename(`${base}.${kind}.json`, join(folder, kind));
        await symlink(join(folder, kind), `${base}.${kind}.json`);
      });
    }
  }));
