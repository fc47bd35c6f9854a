import assert from "node:assert/strict";
import htcondor from "../../schedulers/htcondor.ts";
import slurm from "../../schedulers/slurm.ts";
import { recorded } from "./support/recorded.ts";

Deno.test("sinfo: a node of two partitions counts once, with its busy CPUs and its load", () => {
  assert.deepEqual(slurm.readPool([recorded("slurm-sinfo-pool")]), [
    { name: "n1", state: "mixed", cpus: 2, cpus_busy: 1, load: 1.64 },
    { name: "n2", state: "idle", cpus: 2, cpus_busy: 0, load: 1.63 },
  ]);
});

Deno.test("condor_status: a machine's CPUs are those of its slots together, busy are the claimed ones", () => {
  assert.deepEqual(htcondor.readPool([recorded("condor-status-pool")]), [
    { name: "e1", state: "claimed", cpus: 1, cpus_busy: 1, load: 1.95 },
    { name: "e2", state: "unclaimed", cpus: 1, cpus_busy: 0, load: 1.95 },
  ]);
});

Deno.test("what is no line of ours says nothing of a pool", () => {
  const odd = { ...recorded("slurm-sinfo-pool"), stdout: "\nslurm_load: error\nundefined\n" };
  assert.deepEqual(slurm.readPool([odd]), []);
  assert.deepEqual(htcondor.readPool([odd]), []);
  assert.deepEqual(slurm.readPool([]), []);
});

Deno.test("what is asked about a pool is asked by programs that the host may run", () => {
  for (const adapter of [slurm, htcondor]) {
    for (const { argv } of adapter.pool()) assert(adapter.programs.includes(argv[0] ?? ""));
  }
});
