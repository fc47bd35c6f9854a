import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeColumns } from "./write_columns.ts";
import { readSource } from "../../../runtime/starts/data.ts";
import { readSpecModel } from "../../../core/spec.ts";
import { inFolder } from "../../support/scratch.ts";

const SAMPLES = new URL("../../samples/starts/", import.meta.url).pathname;
const POINT = { mu: 1, mu_sig: 91, sigma_sig: 2.5, lambda_bkg: -0.03 };

/** Reads a spec whose text and data were changed, and returns the events that its channels expect. */
async function sourceOf(change: (text: string) => string, rows?: Record<string, number[]>): Promise<number[]> {
  const expected: number[] = [];
  await inFolder(async (folder) => {
    const path = join(folder, "spec.json");
    const text = change(await readFile(join(SAMPLES, "floating_b.json"), "utf8"));
    await writeFile(path, text);
    await copyFile(join(SAMPLES, "obs0.parquet"), join(folder, "obs0.parquet"));
    if (rows) writeColumns(join(folder, "obs0.parquet"), rows);
    const spec: unknown = JSON.parse(text);
    const { channels } = await readSource(path, spec, readSpecModel(spec), POINT);
    expected.push(...channels.map((channel) => channel.expected));
  });
  return expected;
}

const asIs = (text: string) => text;

Deno.test("a start's data are as long as the channel's expected yield", async () => {
  assert.deepEqual(await sourceOf(asIs), [325]);
});

Deno.test("data of which no start can be made are refused with the reason", async () => {
  const refused = (reason: RegExp, change = asIs, rows?: Record<string, number[]>) =>
    assert.rejects(sourceOf(change, rows), reason);
  await refused(/has no rows/, asIs, { mass: [] });
  await refused(/"obs0.parquet" cannot be read: .*mass/, asIs, { energy: [80, 90] });
  await refused(/has mass = 200, outside \[60, 120\]/, asIs, { mass: [80, 200] });
  await refused(
    /not only the rows of one Parquet file/,
    (text) => text.replace('"file": "obs0.parquet"', '"file": "obs0.parquet", "weight": "w"'),
  );
  await refused(/it has no channels/, (text) => JSON.stringify({ ...JSON.parse(text), channels: [] }));
});
