import fc from "fast-check";
import assert from "node:assert/strict";
import { join, normalize } from "node:path/posix";
import { planStage } from "../../core/staging.ts";

const FOLDERS = ["study", "specs", "home"];

Deno.test("files below the spec keep their folders, the spec is at the top", () => {
  assert.deepEqual(planStage("spec.json", ["data/a b.parquet", "x/data.parquet"], FOLDERS), {
    config: "spec.json",
    files: [{ from: "data/a b.parquet", to: "data/a b.parquet" }, { from: "x/data.parquet", to: "x/data.parquet" }],
  });
});

Deno.test("with ../ in a path the root is as many folders above the spec, which keeps its place", () => {
  const { config, files } = planStage("spec.json", ["../data/d.parquet", "../../common.parquet"], FOLDERS);
  assert.equal(config, "specs/study/spec.json");
  assert.deepEqual(files.map(({ to }) => to), ["specs/data/d.parquet", "common.parquet"]);
});

Deno.test("the staged spec finds each file by the path in it, and no file is outside of the root", () => {
  const part = fc.constantFrom("..", ".", "a", "b c", "d.parquet");
  const paths = fc.array(fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => [...parts, "f"].join("/")), {
    maxLength: 5,
  });
  const inside = paths.filter((all) => all.every((path) => !normalize(path).startsWith("../../../..")));
  fc.assert(fc.property(inside, (paths) => {
    const { config, files } = planStage("spec.json", paths, FOLDERS);
    for (const { from, to } of files) {
      assert.equal(join(config, "..", from), to);
      assert.ok(!to.startsWith("..") && !to.startsWith("/"));
    }
  }));
});

Deno.test("an absolute path cannot be sent, and is named in the error", () => {
  assert.throws(() => planStage("spec.json", ["a", "/data/x.parquet"], FOLDERS), {
    kind: "input",
    message: /Cannot send "\/data\/x\.parquet" to another machine/,
  });
});
