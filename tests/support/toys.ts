import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nextstat, spec10k } from "./farm.ts";

/** Returns nextstat's output of an unsharded run with one thread. */
export async function unsharded(folder: string, toys: number, more: string[] = []): Promise<Json> {
  const out = join(folder, "unsharded.json");
  const words = [
    "unbinned-fit-toys",
    "--config",
    spec10k(),
    "--n-toys",
    `${toys}`,
    "--threads",
    "1",
    ...more,
    "-o",
    out,
  ];
  const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const { success, stderr } = await new Deno.Command(nextstat(), { args: words, env }).output();
  assert(success, new TextDecoder().decode(stderr));
  return await readJson(out);
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export async function readJson(path: string): Promise<Json> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** Returns the value at a path of names inside a document; fails if there is none. */
export function at(value: Json, path: string): Json {
  let found: Json | undefined = value;
  for (const name of path.split(".")) {
    found = typeof found === "object" && found !== null && !Array.isArray(found) ? found[name] : undefined;
    assert(found !== undefined, `there is no ${path}`);
  }
  return found;
}

export function arrayAt(value: Json, path: string): Json[] {
  const found = at(value, path);
  assert(Array.isArray(found), `${path} is no array`);
  return found;
}

/** Compares two documents: the same members in any order, the same lengths, numbers to a relative tolerance. */
export function assertClose(actual: Json | undefined, wanted: Json, relative: number, where = ""): void {
  if (typeof wanted === "number") {
    assert(typeof actual === "number" && isClose(actual, wanted, relative), `${where}: ${actual}, wanted ${wanted}`);
  } else if (Array.isArray(wanted)) {
    assert(Array.isArray(actual), `${where} is no array`);
    assert.equal(actual.length, wanted.length, `length of ${where}`);
    wanted.forEach((one, i) => assertClose(actual[i], one, relative, `${where}[${i}]`));
  } else if (typeof wanted === "object" && wanted !== null) {
    assert(typeof actual === "object" && actual !== null && !Array.isArray(actual), `${where} is no object`);
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(wanted).sort(), `members of ${where}`);
    for (const [name, one] of Object.entries(wanted)) assertClose(actual[name], one, relative, `${where}.${name}`);
  } else assert.equal(actual, wanted, where);
}

const isClose = (a: number, b: number, relative: number) =>
  Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b));

/**
 * Compares a merged output with nextstat's own of the unsharded run: all toys in the same order, counts, generation
 * point, summary. pulls_by_param can only be pooled from the shards, so its tolerance is larger.
 */
export function assertSameToys(merged: Json, wanted: Json): void {
  for (const name of ["parameter_names", "poi_index", "input_schema_version", "gen", "results"]) {
    assertClose(at(merged, name), at(wanted, name), 1e-12, name);
  }
  const [mine, theirs] = [summary(merged), summary(wanted)];
  assertClose(mine.rest, theirs.rest, 1e-12, "summary");
  assertClose(mine.by_param, theirs.by_param, 1e-9, "summary.pulls_by_param");
}

function summary(document: Json): { rest: Json; by_param: Json } {
  const whole = at(document, "summary");
  assert(typeof whole === "object" && whole !== null && !Array.isArray(whole), "summary is no object");
  const { pulls_by_param: by_param = null, ...rest } = whole;
  return { rest, by_param };
}
