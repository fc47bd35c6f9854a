// slow: the guide's lines for schedulers without an adapter, each with a run of its own
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertMerged, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { binary, requestArgs, runDir } from "../support/farm.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { readRecord } from "../support/run_dir.ts";

const GUIDE = fileURLToPath(new URL("../../docs/guides/other-schedulers.md", import.meta.url));
const test = slurmFile();

/** Returns the folder of Slurm's qsub. Its package is only unpacked: installed, it takes away that of Grid Engine. */
async function unpackedQsub(): Promise<string> {
  assert.equal(whyNotInstalled("libslurmdb-perl", "libswitch-perl"), "");
  // qsub runs sbatch by a shell string, so that no blank may be in its path, as there is in that of a test's folder.
  const into = join(dirname(binary()), "torque");
  await mkdir(into, { recursive: true });
  // qsub starts the sbatch of its own folder.
  const script =
    "apt-get download slurm-wlm-torque && dpkg-deb -x slurm-wlm-torque_*.deb . && ln -s $(which sbatch) usr/bin/";
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", script], cwd: into }).output();
  assert(success, new TextDecoder().decode(stderr));
  return join(into, "usr", "bin");
}

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
    { what: "Slurm's own qsub", lines: ["printf ", "qsub "], needs: "libslurm-perl", hosts: ["n1", "n2"] },
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
    const tools = lines.includes("qsub ") ? `${await unpackedQsub()}:` : "";
    const setup = `cd '${dirname(dir)}' && PATH='${tools}${dirname(binary())}':$PATH && export PATH`;
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
