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

Deno.test("condor_status: a machine has the CPUs of all its slots, the claimed ones are busy", () => {
  assert.deepEqual(htcondor.readPool([recorded("condor-status-pool")]), [
    { name: "e1", state: "claimed", cpus: 1, cpus_busy: 1, load: 1.95 },
    { name: "e2", state: "unclaimed", cpus: 1, cpus_busy: 0, load: 1.95 },
  ]);
});

Deno.test("a line of another format is ignored in a pool's load", () => {
  const odd = { ...recorded("slurm-sinfo-pool"), stdout: "\nslurm_load: error\nundefined\n" };
  assert.deepEqual(slurm.readPool([odd]), []);
  assert.deepEqual(htcondor.readPool([odd]), []);
  assert.deepEqual(slurm.readPool([]), []);
});

Deno.test("the load of a pool is queried only with declared programs", () => {
  for (const adapter of [slurm, htcondor]) {
    for (const { argv } of adapter.pool()) assert(adapter.programs.includes(argv[0] ?? ""));
  }
});
