import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteWord } from "../../core/shell_quote.ts";
import {
  mustRun,
  nextstat,
  nsfarm,
  renderRun,
  requestArgs,
  runArgs,
  runDir,
  spec10k,
  type Where,
} from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";

/** A Slurm whose sbatch refuses jobs until a file `open` is there. */
async function refusingSlurm(folder: string): Promise<Where> {
  const programs = join(folder, "programs");
  await mkdir(programs);
  const sbatch = `[ -e "${folder}/open" ] && echo 77 && exit 0
echo "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified" >&2
exit 1`;
  for (const name of ["sbatch", "squeue", "sacct", "scontrol", "sinfo", "scancel"]) {
    await writeFile(join(programs, name), `#!/bin/sh\n${name === "sbatch" ? sbatch : ""}\n`);
    await chmod(join(programs, name), 0o755);
  }
  return { env: { PATH: `${programs}:${Deno.env.get("PATH")}` } };
}

Deno.test("a refused extend or retry is continued by the command that it names, and by the same command", () =>
  inFolder(async (folder) => {
    const where = await refusingSlurm(folder);
    const limits = ["--scheduler", "slurm", "--slurm-time", "00:10:00", "--slurm-memory", "1G"];
    await renderRun(folder, { toys: 8, shards: 2, more: limits });
    const dir = runDir(folder);
    const extend = ["extend", dir, "--n-toys", "+4", "--shards", "1"];
    const line = /slurm refused the jobs: .*Invalid account/;
    const hint = new RegExp(`then: nsfarm-deno submit ${quoteWord(dir)} \\(`);
    const first = await nsfarm(folder, extend, where);
    assert.match(first.stderr, /8 \+ 4 toys: shard 2 with the seeds 50 to 53/);
    assert.match(first.stderr, line);
    assert.match(first.stderr, hint);
    const second = await nsfarm(folder, extend, where);
    assert.match(second.stderr, /these toys were added at .* but not submitted: submitting them now\n8 \+ 4 toys/);
    assert.equal((await readManifest(dir)).n_toys, 12);
    for (let i = 0; i < 2; i++) {
      const ran = await nsfarm(folder, ["retry", dir, "--more-memory", "--more-time"], where);
      assert.match(ran.stderr, new RegExp(`then: nsfarm-deno retry ${quoteWord(dir)} \\(`));
    }
    const { farm } = await readManifest(dir);
    assert.deepEqual(farm.options, { ...farm.options, "slurm-memory": "1536M", "slurm-time": "00:20:00" });
    await writeFile(join(folder, "open"), "");
    const { stdout } = await mustRun(folder, extend, 0, where);
    assert.equal(stdout, "slurm job 77: 3 shards\n");
    await mustRun(folder, [...extend, "--no-submit"], 0, where);
    assert.equal((await readManifest(dir)).n_toys, 16, "what was submitted is extended anew");
    assertUserError(await nsfarm(folder, ["extend", dir, "--n-toys", "+4", "--shards", "5"], where), {
      code: 2,
      line: /split/,
    });
  }));

Deno.test("the same run with --seed next and no --shards continues with its own seed and shards", () =>
  inFolder(async (folder) => {
    await renderRun(folder, { toys: 30, shards: 2, id: "other" });
    const words = runArgs(folder, { toys: 30, shards: 3, more: ["--seed", "next"] });
    await mustRun(folder, words);
    const { seed, shards } = await readManifest(runDir(folder));
    assert.deepEqual([seed, shards], [72, 3]);
    const at = words.indexOf("--shards");
    await renderRun(folder, { toys: 30, shards: 2, id: "third", more: ["--seed", "next"] });
    await mustRun(folder, words.toSpliced(at, 2));
    assert.equal((await readManifest(runDir(folder, "third"))).seed, 102, "a new one takes fresh seeds");
    const again = requestArgs(folder, { toys: 30, shards: 3, more: ["--seed", "73"] });
    assertUserError(await nsfarm(folder, ["run", ...again]), { code: 2, line: /it has --seed 72, you gave 73/ });
  }));

Deno.test("the same sweep with --seed next continues with its own seed", () =>
  inFolder(async (folder) => {
    const words = ["sweep", "run", "--config", spec10k(), "--nextstat-bin", nextstat(), "--n-toys", "4", "--no-check"];
    const sweep = [...words, "--shards-list", "1,2", "--out-root", folder, "--sweep-id", "s", "--seed", "next"];
    await mustRun(folder, sweep);
    const { seed } = await readManifest(join(folder, "s_sh1"));
    await mustRun(folder, sweep);
    assert.equal((await readManifest(join(folder, "s_sh2"))).seed, seed);
  }));
