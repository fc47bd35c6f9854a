import assert from "node:assert/strict";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mustRun, nextstat, runDir, spec10k } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { at, readJson } from "../support/toys.ts";

Deno.test("an archive alone is enough to verify a run and to fit its toys again with the same results", () =>
  inFolder(async (folder) => {
    const study = join(folder, "study");
    await mkdir(study);
    const config = join(study, "gauss_exp_10k.json");
    await copyFile(spec10k(), config);
    await copyFile(join(dirname(spec10k()), "observed.parquet"), join(study, "observed.parquet"));
    const words = (spec: string, id: string) => [
      ...["run", "--config", spec, "--n-toys", "12", "--shards", "3", "--seed", "5", "--threads", "1"],
      ...["--nextstat-bin", nextstat(), "--out-dir", join(folder, "runs"), "--run-id", id],
    ];
    await mustRun(folder, words(config, "r"));
    const results = at(await readJson(join(runDir(folder), "merged.out.json")), "results");
    const tar = join(folder, "r.tar");
    const archived = await mustRun(folder, ["archive", runDir(folder), "--out", tar]);
    assert.match(archived.stdout, /^13 files, /m);
    assert.match((await mustRun(folder, ["verify", tar])).stdout, /^13 files: verified by their sums$/m);
    const without = await mustRun(folder, ["archive", runDir(folder), "--no-inputs", "--out", join(folder, "n.tar")]);
    assert.match(without.stdout, /^11 files, /m);

    await rm(study, { recursive: true });
    await rm(runDir(folder), { recursive: true });
    const unpacked = await new Deno.Command("tar", { args: ["-xf", tar], cwd: folder }).output();
    assert(unpacked.success);
    await mustRun(folder, ["verify", join(folder, "r")]);
    await mustRun(folder, words(join(folder, "r", "inputs", "gauss_exp_10k.json"), "again"));
    assert.deepEqual(at(await readJson(join(runDir(folder, "again"), "merged.out.json")), "results"), results);
  }));
