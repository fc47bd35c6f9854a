import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, namesIn, readText, requestArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

/** Writes faults of node n7 in two runs of today, as the program records them. */
async function faultsOf(folder: string, scheduler: string): Promise<void> {
  const now = new Date().toISOString();
  const lines = ["a", "b"].map((run) => {
    const of = { run_id: run, run_token: `${run}`.repeat(16), run_dir: `/runs/${run}`, at_utc: now, noted_at_utc: now };
    return JSON.stringify({ node: "n7", scheduler, cause: "suspect", what: "all 2 shards there failed", ...of });
  });
  const place = join(folder, "state", "nsfarm-deno", "nodes");
  await mkdir(place, { recursive: true });
  await writeFile(join(place, `other-host.${now.slice(0, 7)}.jsonl`), `${lines.join("\n")}\n{"node": "n9", `);
}

const render = (folder: string, scheduler: string, ...more: string[]) => [
  ...["render", "--scheduler", scheduler, ...requestArgs(folder, { toys: 2, shards: 2, more })],
];

for (
  const { scheduler, file, line } of [
    { scheduler: "slurm", file: "slurm_array_job.sh", line: /^#SBATCH --exclude=n0,n7$/m },
    { scheduler: "htcondor", file: "condor_job.sub", line: /requirements.*\(Machine != "n7"\)/ },
  ]
) {
  Deno.test(`--avoid-nodes recent adds nodes of this and no other scheduler to the option of ${scheduler}`, () =>
    inFolder(async (folder) => {
      await faultsOf(folder, scheduler);
      const more = scheduler === "slurm" ? ["--slurm-exclude", "n0"] : ["--condor-requirements", "Memory > 1"];
      const { stderr } = await mustRun(folder, render(folder, scheduler, "--avoid-nodes", "recent", ...more));
      assert.match(stderr, /^the jobs avoid nodes that failed in two runs within a week: n7 \(/m);
      assert.match(await readText(join(runDir(folder), file)), line);
      const other = scheduler === "slurm" ? "htcondor" : "slurm";
      const args = ["--avoid-nodes", "recent", "--run-id", "other"];
      assert.doesNotMatch((await mustRun(folder, render(folder, other, ...args))).stderr, /n7/);
    }));
}

Deno.test("--avoid-nodes is refused where no option of the scheduler keeps shards from nodes", () =>
  inFolder(async (folder) => {
    const { stderr } = await mustRun(folder, render(folder, "local", "--avoid-nodes", "recent"), 2);
    assert.match(stderr, /Cannot use --avoid-nodes recent with local: no option of it keeps shards from nodes/);
    assert.deepEqual(await namesIn(join(folder, "runs")), []);
  }));

Deno.test("nodes lists what is known of them, counts damaged lines, and forgets one that is cleared", () =>
  inFolder(async (folder) => {
    assert.match((await mustRun(folder, ["nodes"])).stdout, /^No node has failed within 30 days$/m);
    await faultsOf(folder, "slurm");
    const listed = await mustRun(folder, ["nodes"]);
    assert.match(listed.stdout, /^n7 +slurm +failed in 2 runs; --avoid-nodes recent avoids it$/m);
    assert.match(listed.stderr, /^1 line of ".*" could not be read$/m);
    assert.match((await mustRun(folder, ["nodes", "--clear", "n8"], 2)).stderr, /Cannot clear the node "n8"/);
    const { stdout } = await mustRun(folder, ["nodes", "--clear", "n7", "--json"]);
    assert.deepEqual(JSON.parse(stdout).nodes, []);
  }));

Deno.test("without a folder for the journal, nodes says so, and nothing else does", () =>
  inFolder(async (folder) => {
    const where = { env: { XDG_STATE_HOME: "/dev/null/state" } };
    assert.match(
      (await mustRun(folder, ["nodes"], 0, where)).stdout,
      /^Faults of nodes are not recorded: .*\/dev\/null/,
    );
    const { stderr } = await mustRun(folder, render(folder, "slurm", "--avoid-nodes", "recent"), 0, where);
    assert.doesNotMatch(stderr, /node|dev\/null/);
  }));
