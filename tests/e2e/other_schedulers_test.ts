import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { assertMerged, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { binary, requestArgs, runDir } from "../support/farm.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { readRecord } from "../support/run_dir.ts";

const GUIDE = fileURLToPath(new URL("../../docs/guides/other-schedulers.md", import.meta.url));
const test = slurmFile();

/** The lines of the guide's block that begin with these words; comments stay, sh ignores them. */
async function linesOf(...beginnings: string[]): Promise<string> {
  const lines = (await readFile(GUIDE, "utf8")).split("## Lines that were not tried")[0]?.split("\n") ?? [];
  const found = beginnings.flatMap((beginning) => lines.find((line) => line.startsWith(beginning)) ?? []);
  assert.equal(found.length, beginnings.length, `the guide has no line ${beginnings.join(" or ")}`);
  return found.join("\n");
}

for (
  const { what, lines, needs, hosts } of [
    { what: "srun in one allocation", lines: ["srun "], needs: "slurmd", hosts: ["n1", "n2"] },
    { what: "GNU parallel", lines: ["parallel "], needs: "parallel", hosts: null },
    { what: "Slurm's own qsub", lines: ["printf ", "qsub "], needs: "slurm-wlm-torque", hosts: ["n1", "n2"] },
    { what: "a job that has whole nodes", lines: ["sbatch ", "  'srun "], needs: "slurmd", hosts: ["n1", "n2"] },
  ]
) {
  test(`the guide's line for ${what} runs a whole run`, async (farm) => {
    assert.equal(whyNotInstalled(needs), "");
    const fake = await farm.standIn("sleep 1");
    await farm.must([
      "render",
      ...requestArgs(farm.folder, { toys: 24, shards: 12, nextstat: fake.path, id: "study" }),
    ]);
    const dir = runDir(farm.folder, "study");
    const setup = `cd '${dirname(dir)}' && PATH=${dirname(binary())}:$PATH && export PATH`;
    await farm.cluster.ask("sh", "-c", `${setup} && ${await linesOf(...lines)}`);
    await untilIdle(farm);
    await farm.must(["finish", dir]);
    await assertMerged(dir, { toys: 24 });
    if (hosts === null) return;
    const records = await Promise.all(Array.from({ length: 12 }, (_, shard) => readRecord(dir, shard)));
    assert.deepEqual([...new Set(records.map(({ host }) => host))].sort(), hosts);
  });
}

test("lines of schedulers that are not here are parsed by sh, and named as not tried", async () => {
  const [, untried = ""] = (await readFile(GUIDE, "utf8")).split("## Lines that were not tried");
  const block = /```sh\n([^]*?)```/.exec(untried)?.[1] ?? "";
  for (const program of ["qsub", "bsub", "flux", "oarsub", "hq"]) assert.match(block, new RegExp(`^${program} `, "m"));
  const { success } = await new Deno.Command("sh", { args: ["-n", "-c", block] }).output();
  assert(success);
});
