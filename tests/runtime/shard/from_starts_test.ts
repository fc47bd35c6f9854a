import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest, Plan } from "../../../core/schema/manifest.ts";
import { readFitMetrics, readFitOutput } from "../../../runtime/shard/from_starts.ts";
import { Unreadable } from "../../../runtime/fs/read.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun, planOf } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";

const HASH = "2b".repeat(32);

/** A run of made-up toys that is fitted from two starts. */
function twoStarts(dir: string): { manifest: FarmManifest; plan: Plan } {
  const manifest = inventedRun(dir, { faults: false, pulls: false });
  const list = [0, 1].map((index) => ({ index, spec: null, data_file: `${index}.parquet`, sha256: HASH }));
  manifest.farm.starts = { asked: 2, k: 2, list, files: [], n_candidates: 2, n_valid: 2, n_trial_toys: 8 };
  return { manifest, plan: planOf(manifest, 1) };
}

/** Writes the outputs of starts as a job leaves them, one after the other, and reads them. */
async function read(texts: (first: string) => string[]): Promise<Unreadable | { nll: number[]; document: string }> {
  let found: Unreadable | { nll: number[]; document: string } | undefined;
  await inFolder(async (dir) => {
    const { manifest, plan } = twoStarts(dir);
    const out = join(dir, "out.json");
    await writeFile(out, texts(inventedOutput(manifest, plan)).join(""));
    const checked = readFitOutput(out, manifest, plan);
    found = checked instanceof Unreadable
      ? checked
      : { nll: JSON.parse(await Deno.readTextFile(out)).results.nll, document: await Deno.readTextFile(out) };
  });
  return found ?? assert.fail("nothing was read");
}

const one = (text: string) => `\x1e${text}\n`;

/** Lowers the NLL of the first toy by 1. */
const lower = (text: string): string =>
  text.replace(/("nll": \[\s*)([-0-9.e]+)/, (_, begin, nll) => `${begin}${Number(nll) - 1}`);

Deno.test("of the outputs of two starts the lowest fit of each toy replaces both, and says which start it is of", async () => {
  const found = await read((first) => [one(first), one(lower(first))]);
  assert(!(found instanceof Unreadable), `${found}`);
  const { results, farm } = JSON.parse(found.document);
  assert.equal(found.document[0], "{");
  assert.deepEqual(farm.starts.of_toys, [1, 0, 0, 0, 0]);
  assert.equal(farm.starts.n_found_by_one, 1);
  assert.equal(results.n_toys, 5);
});

Deno.test("an output that lacks a start, or has one too many, is refused, and so is half of one", async () => {
  const refused = async (texts: (first: string) => string[], reason: RegExp) => {
    const found = await read(texts);
    assert(found instanceof Unreadable, "it was read");
    assert.match(found.message, reason);
  };
  await refused((first) => [one(first)], /holds the fits of 1 starts, planned are 2/);
  await refused((first) => [one(first), one(first), one(first)], /holds the fits of 3 starts, planned are 2/);
  await refused((first) => [one(first), one(first.slice(0, -200))], /of start 1 /);
  await refused((first) => [one(first), one("")], /of start 1 /);
});

Deno.test("fits of other toys are refused: of other seeds, of another number, generated at another point", async () => {
  const refused = async (change: (text: string) => string, reason: RegExp) => {
    const found = await read((first) => {
      const other = change(first);
      assert.notEqual(other, first);
      return [one(first), one(other)];
    });
    assert(found instanceof Unreadable, "it was read");
    assert.match(found.message, reason);
  };
  await refused((text) => text.replace(/"seed": \d+/, '"seed": 7'), /start 1/);
  await refused((text) => text.replace(/"shard_index": 1/, '"shard_index": 2'), /start 1/);
  await refused((text) => text.replace("-0.03", "-0.04"), /generation point of start 1 is another than of start 0/);
});

Deno.test("an output that one process has combined already is read as it is", async () => {
  const found = await read((first) => [one(first), one(lower(first))]);
  assert(!(found instanceof Unreadable));
  await inFolder(async (dir) => {
    const { manifest, plan } = twoStarts(dir);
    const out = join(dir, "out.json");
    await writeFile(out, found.document);
    assert(!(readFitOutput(out, manifest, plan) instanceof Unreadable));
    assert.equal(await Deno.readTextFile(out), found.document);
  });
});

Deno.test("the times of all starts are added up", () =>
  inFolder(async (dir) => {
    const { manifest } = twoStarts(dir);
    const path = join(dir, "metrics.json");
    const metrics = (s: number) =>
      one(JSON.stringify({
        schema_version: "nextstat_metrics_v0",
        status: { ok: true },
        timing: { wall_time_s: s, breakdown: { fit_s: s / 2 }, clock: "monotonic" },
      }));
    await writeFile(path, metrics(1) + metrics(3));
    assert.deepEqual(readFitMetrics(path, manifest).timing, {
      ...{ wall_time_s: 4, breakdown: { fit_s: 2 }, clock: "monotonic" },
    });
  }));
