import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { avoidRecent, optionAvoiding, recentNodeLines } from "../../../runtime/scheduler/recent_nodes.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import local from "../../../schedulers/local.ts";
import slurm from "../../../schedulers/slurm.ts";
import { inFolder } from "../../support/scratch.ts";

/** Calls `work` with a journal in which these nodes have failed in two runs of today. */
function withFailed(nodes: string[], work: () => void): Promise<void> {
  return inFolder(async (state) => {
    const now = new Date().toISOString();
    const of = (run: string) => ({
      run_id: run,
      run_token: run.repeat(16),
      run_dir: `/runs/${run}`,
      noted_at_utc: now,
    });
    const fault = { scheduler: "slurm", cause: "suspect", what: "all 2 shards there failed", at_utc: now };
    const lines = nodes.flatMap((node) => ["a", "b"].map((run) => JSON.stringify({ node, ...fault, ...of(run) })));
    const place = join(state, "nsfarm-deno", "nodes");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `h.${now.slice(0, 7)}.jsonl`), `${lines.join("\n")}\n`);
    const before = Deno.env.get("XDG_STATE_HOME");
    Deno.env.set("XDG_STATE_HOME", state);
    try {
      work();
    } finally {
      if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
      else Deno.env.set("XDG_STATE_HOME", before);
    }
  });
}

Deno.test("nodes that failed in two runs are added to the scheduler's own option, each once", () =>
  withFailed(["n7", "n8"], () => {
    assert.deepEqual(avoidRecent(slurm, {}, null), { "slurm-exclude": "n7,n8" });
    assert.deepEqual(avoidRecent(slurm, { "slurm-exclude": "n1,n7" }, null), { "slurm-exclude": "n1,n7,n8" });
    assert.deepEqual(avoidRecent(htcondor, {}, null), {}, "they failed on another scheduler");
  }));

Deno.test("an existing run keeps the nodes that it was rendered with", () =>
  withFailed(["n7"], () => {
    const before = { "slurm-exclude": "n3" };
    assert.deepEqual(avoidRecent(slurm, {}, before), before);
    assert.deepEqual(avoidRecent(slurm, before, { "slurm-exclude": "n3,n7" }), { "slurm-exclude": "n3,n7" });
    assert.deepEqual(avoidRecent(slurm, {}, {}), {}, "it was rendered without any");
    assert.deepEqual(avoidRecent(slurm, { "slurm-exclude": "n4" }, before), { "slurm-exclude": "n4,n7" });
    const others = { "slurm-exclude": "n1,n20" };
    assert.deepEqual(
      avoidRecent(slurm, { "slurm-exclude": "n2" }, others),
      { "slurm-exclude": "n2,n7" },
      "n2 is no n20",
    );
  }));

Deno.test("a name in the journal that is more than a name is left out, since anybody may edit the file", () =>
  withFailed(["n7; rm -rf /", "n8,n9", "-x", "n1"], () => {
    assert.deepEqual(avoidRecent(slurm, {}, null), { "slurm-exclude": "n1" });
  }));

Deno.test("executors without an option for nodes refuse --avoid-nodes", () =>
  withFailed(["n7"], () => {
    assert.throws(() => avoidRecent(local, {}, null), { kind: "usage", message: /no option of it keeps shards from/ });
    assert.equal(optionAvoiding(local, {}, [{ node: "n7" }]), null);
  }));

Deno.test("a render tells which nodes its jobs avoid, and the flag that avoids the others", () =>
  withFailed(["n7", "n8"], () => {
    const [avoided = "", open = "", ...more] = recentNodeLines(slurm, { "slurm-exclude": "n7" });
    assert.deepEqual(more, []);
    assert.match(avoided, /^the jobs avoid nodes .*: n7 \(/);
    assert.match(open, /n8 \(/);
    assert.match(open, /--slurm-exclude n7,n8/);
    assert.deepEqual(recentNodeLines(local, {}), []);
  }));
