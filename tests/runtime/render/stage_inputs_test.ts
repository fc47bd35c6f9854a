import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stageInputs, stagePlanOf } from "../../../runtime/render/stage_inputs.ts";
import { inFolder } from "../../support/scratch.ts";

/** All files below a folder with what they hold. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(folder.length + 1), await readFile(path, "utf8")])),
  );
}

Deno.test("equal base names in different folders, blanks and ../ get separate paths below inputs/", () =>
  inFolder(async (folder) => {
    const [specs, run] = [join(folder, "my specs"), join(folder, "run")];
    for (const path of ["my specs/a", "my specs/b", "common"]) await mkdir(join(folder, path), { recursive: true });
    const config = join(specs, "spec.yaml");
    await writeFile(config, "the spec");
    for (const name of ["my specs/a/data", "my specs/b/data", "common/it's"]) await writeFile(join(folder, name), name);
    const plan = stagePlanOf(config, ["spec.yaml", "a/data", "./b/data", "../common/it's"]);
    stageInputs(run, config, plan);
    assert.equal(plan.config, "my specs/spec.yaml");
    assert.deepEqual(await filesIn(run), {
      "inputs/common/it's": "common/it's",
      "inputs/my specs/a/data": "my specs/a/data",
      "inputs/my specs/b/data": "my specs/b/data",
      "inputs/my specs/spec.yaml": "the spec",
    });
  }));
