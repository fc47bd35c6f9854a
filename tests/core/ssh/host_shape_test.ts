import assert from "node:assert/strict";
import { hostShape, readHostFacts, type ThreadPolicy } from "../../../core/ssh/host_facts.ts";

const facts = (physical: number, logical: number, allowed = logical) =>
  readHostFacts([`cpus_physical=${physical}`, `cpus_logical=${logical}`, `cpus_allowed=${allowed}`]);

for (
  const [policy, own, cpus, threads, slots] of [
    [0, null, facts(8, 16), 1, 8],
    [1, null, facts(8, 16), 1, 8],
    [3, null, facts(8, 16), 3, 2],
    [20, null, facts(8, 16), 20, 1],
    ["physical", null, facts(8, 16), 8, 1],
    ["auto", null, facts(8, 16), 8, 1],
    ["logical", null, facts(8, 16), 16, 1],
    ["nextstat-auto", null, facts(8, 16), 16, 1],
    ["physical", 2, facts(8, 16), 2, 4],
    [0, null, facts(8, 16, 4), 1, 4],
    ["logical", null, facts(8, 16, 4), 4, 1],
    [0, null, readHostFacts([]), 1, 1],
  ] as [ThreadPolicy, number | null, ReturnType<typeof facts>, number, number][]
) {
  const line = own === null ? "" : ` and threads=${own} on its line`;
  Deno.test(`--threads ${policy}${line}, ${cpus.cpus_physical} cores, ${cpus.cpus_allowed} usable: ${slots} slots of ${threads}`, () => {
    assert.deepEqual(hostShape({ threads: own }, cpus, policy), { threads, slots });
  });
}

Deno.test("a host's facts are read line by line; missing facts are null", () => {
  const reported = readHostFacts([
    "host=n1",
    "load=0.5 1 2",
    "free_kb=10",
    "nextstat_version=nextstat 0.10.1",
    "host=n2",
    "x",
  ]);
  assert.deepEqual([reported.host, reported.load_average, reported.free_bytes], ["n1", [0.5, 1, 2], 10240]);
  assert.deepEqual([reported.nextstat_version, reported.cpus_logical, reported.fault], ["0.10.1", null, null]);
});
