import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonPackages } from "../../scripts/release/packages.ts";
import { inventedOutput } from "../fixtures/output.ts";
import { inventedRun, planOf } from "../fixtures/run.ts";
import { writeRun, writeShard } from "../fixtures/run_dir.ts";
import { mustRun, nextstat, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";
import { writeWorkspace } from "../support/workspace.ts";

/** Prints the rows of an export as four readers of two formats see them; doubles as the digits of their bits. */
const READERS = `
import json, struct, sys
import polars
import pyarrow.csv
import pyarrow.parquet

parquet, csv = sys.argv[1:]

def rows(table):
    bits = lambda cell: struct.pack(">d", cell).hex() if isinstance(cell, float) else cell
    return [[bits(cell) for cell in row.values()] for row in table]

frame, table = polars.read_parquet(parquet), pyarrow.parquet.read_table(parquet)
types = pyarrow.csv.ConvertOptions(column_types=table.schema, strings_can_be_null=True)
json.dump({
    "names": frame.columns,
    "types": [str(field.type) for field in table.schema],
    "pyarrow": rows(table.to_pylist()),
    "polars": rows(frame.to_dicts()),
    "pyarrow, csv": rows(pyarrow.csv.read_csv(csv, convert_options=types).to_pylist()),
    "polars, csv": rows(polars.read_csv(csv, schema=frame.schema).to_dicts()),
}, sys.stdout)
`;

interface Seen {
  names: string[];
  types: string[];
  tables: Record<string, unknown>;
}

/** Exports a run in both formats and reads them in Python. */
async function exported(folder: string, dir: string): Promise<Seen> {
  const paths = ["parquet", "csv"].map((format) => join(folder, `table.${format}`));
  for (const path of paths) await mustRun(folder, ["export", dir, "--out", path]);
  const packages = await pythonPackages("python_readers", ["pyarrow==26.0.1", "polars==2.1.0"]);
  const python = new Deno.Command("python3", { args: ["-c", READERS, ...paths], env: { PYTHONPATH: packages } });
  const { success, stdout, stderr } = await python.output();
  assert(success, new TextDecoder().decode(stderr));
  const { names, types, ...tables } = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(Object.keys(tables).length, 4);
  return { names, types, tables };
}

/** Returns the digits of a double's bits; null for null. */
function bits(value: number | null): string | null {
  if (value === null) return null;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

const readJson = async (path: string) => JSON.parse(await readFile(path, "utf8"));

/** Returns the rows that a run of fits must have, by its shards' outputs and records alone. */
async function toyRows(dir: string): Promise<unknown[][]> {
  const { plans } = await readManifest(dir);
  const rows = plans.map(async ({ shard_index, toy_start, n_toys, seed }) => {
    const { results } = await readJson(join(dir, `shard_${shard_index}.out.json`));
    const { farm } = await readJson(join(dir, `shard_${shard_index}.metrics.json`));
    return Array.from({ length: n_toys }, (_, i) => {
      const [hat, sigma, converged] = [results.poi_hat[i], results.poi_sigma[i], results.converged[i]];
      const pull = converged && sigma > 0 ? (hat - results.poi_true) / sigma : null;
      const reals = [hat, sigma, pull, results.nll[i]].map(bits);
      return [seed + i, toy_start + i, ...reals, converged, shard_index, farm.host];
    });
  });
  return (await Promise.all(rows)).flat();
}

const TOY_TYPES = ["int64", "int64", "double", "double", "double", "double", "bool", "int64", "string"];

Deno.test("pyarrow and polars read each toy of fits with the bits that nextstat printed", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 40, shards: 3, more: ["--pulls"] }));
    const { names, types, tables } = await exported(folder, runDir(folder));
    assert.equal(names.join(), "seed,toy,poi_hat,poi_sigma,pull,nll,converged,shard,host");
    assert.deepEqual(types, TOY_TYPES);
    const wanted = await toyRows(runDir(folder));
    assert.equal(wanted.length, 40);
    for (const [reader, rows] of Object.entries(tables)) assert.deepEqual(rows, wanted, reader);
  }));

Deno.test("they read null where a fit failed, and the sign of zero", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "r"), { n_toys: 300, shards: 4 });
    await writeRun(manifest);
    const plan = planOf(manifest, 2);
    const text = inventedOutput(manifest, plan);
    const zeros = text.replace(/("poi_hat": \[\s+)[\d.e-]+,(\s+)[\d.e-]+,/, "$1-0.0,$20.0,");
    assert.notEqual(zeros, text);
    await writeShard(manifest, plan, zeros);
    const wanted = await toyRows(manifest.run_dir);
    const { tables } = await exported(folder, manifest.run_dir);
    for (const [reader, rows] of Object.entries(tables)) assert.deepEqual(rows, wanted, reader);
    const failed = wanted.filter(([, , hat, sigma, pull, nll, converged]) =>
      [hat, sigma, pull, nll, converged].every((cell) => cell === null)
    );
    assert(failed.length > 10 && wanted.some((row) => row[6] === false));
    assert(wanted.some((row) => row[2] === bits(-0)) && wanted.some((row) => row[2] === bits(0)));
  }));

Deno.test("they read the counts of a hypothesis test, one row per shard and hypothesis", () =>
  inFolder(async (folder) => {
    const more = ["--workload", "hypotest-toys", "--mu", "1"];
    await mustRun(folder, runArgs(folder, { toys: 50, shards: 3, config: await writeWorkspace(folder), more }));
    const dir = runDir(folder);
    const { plans } = await readManifest(dir);
    const wanted = plans.map(async ({ shard_index, toy_start, n_toys, seed }) => {
      const output = await readJson(join(dir, `shard_${shard_index}.out.json`));
      const { farm } = await readJson(join(dir, `shard_${shard_index}.metrics.json`));
      return [["sb", output.clsb, seed + 1_000_000_000], ["b", output.clb, seed]].map(([one, p, first]) => {
        const n = n_toys - output.n_error[one];
        const counts = [Math.round(p * (n + 1)) - 1, n, output.n_error[one], output.n_nonconverged[one]];
        const observed = [output.q_obs, output.mu_hat].map(bits);
        return [shard_index, toy_start, n_toys, first, one, ...counts, ...observed, farm.host];
      });
    });
    const { names, tables } = await exported(folder, dir);
    assert.equal(names.join(), "shard,toy_start,n_toys,seed,hypothesis,k,n,n_error,n_nonconverged,q_obs,mu_hat,host");
    const rows = (await Promise.all(wanted)).flat();
    assert.equal(rows.length, 6);
    for (const [reader, found] of Object.entries(tables)) assert.deepEqual(found, rows, reader);
  }));

Deno.test("export prints what it wrote, streams to stdout, and refuses a run that is not whole", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 8, shards: 4, nextstat: nextstat() }));
    const words = ["export", runDir(folder), "--format", "csv"];
    const { stdout } = await mustRun(folder, words);
    const path = `${runDir(folder)}.csv`;
    assert.match(stdout, new RegExp(`^${path}\n8 rows of 9 columns, \\d+ bytes, sha256 [0-9a-f]{64}\n$`));
    const json = JSON.parse((await mustRun(folder, [...words, "--json"])).stdout);
    assert.deepEqual([json.path, json.rows, json.columns[0], json.sha256], [path, 8, "seed", stdout.slice(-65, -1)]);
    const streamed = await mustRun(folder, [...words, "--out", "-"]);
    assert.equal(streamed.stdout, await readFile(path, "utf8"));
    assert.match(streamed.stderr, /^8 rows of 9 columns/);
    const both = await mustRun(folder, [...words, "--out", "-", "--json"], 2);
    assert.match(both.stderr, /Cannot print both the rows and --json to stdout\n {2}Give a path with --out/);
    for (const more of [[], ["--out", join(folder, "toys.txt")]]) {
      const line = /without --format: wanted parquet or csv$/;
      assertUserError(await nsfarm(folder, ["export", runDir(folder), ...more]), { code: 2, line });
    }
    assertUserError(await nsfarm(folder, [...words, "--format", "xml"]), { code: 2, line: /wanted parquet, csv$/ });
    await rm(join(runDir(folder), "shard_2.out.json"));
    await writeFile(path, "mine\n");
    assertUserError(await nsfarm(folder, [...words, "--out", join(folder, "new.csv")]), {
      code: 5,
      line: /Cannot export ".*": shard 2 of 4 cannot be used: shard_2\.out\.json is not there$/,
      hint: /doctor .*; --allow-partial exports the others/,
    });
    assertUserError(await nsfarm(folder, [...words, "--allow-partial"]), { code: 2, line: /is not a CSV export/ });
    const part = await mustRun(folder, [...words, "--allow-partial", "--out", join(folder, "new.csv")]);
    assert.match(part.stdout, /\n6 rows of 9 columns/);
    assert.match(part.stderr, /partial export, 6 of 8 toys:\n {2}shard 2: shard_2\.out\.json is not there/);
  }));
