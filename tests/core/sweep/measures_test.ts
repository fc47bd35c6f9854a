import assert from "node:assert/strict";
import { contentionOf, cpuModels, cpuShare, hostShares, tailOf } from "../../../core/sweep/measures.ts";
import { sampleFacts } from "../support/sample_facts.ts";

const shard = (host: string, start_s: number, end_s: number, n_toys: number) => ({ host, start_s, end_s, n_toys });

Deno.test("hosts come by their toys, and CPU models by their hosts, the most first", () => {
  const run = sampleFacts({
    shards: [shard("n1", 0, 10, 20), shard("n2", 0, 10, 50), shard("n3", 0, 5, 40), shard("n2", 10, 20, 10)],
  });
  const shares = hostShares([run]);
  assert.deepEqual(
    shares.map(({ host, n_shards, n_toys, toys_per_slot_s }) => [host, n_shards, n_toys, toys_per_slot_s]),
    [
      ["n2", 2, 60, 3],
      ["n3", 1, 40, 8],
      ["n1", 1, 20, 2],
    ],
  );
  const models = shares.map((share, i) => ({ ...share, cpu_model: i === 0 ? "rare" : "usual" }));
  assert.deepEqual(cpuModels([...models, { ...models[0]!, cpu_model: null }]), [
    { cpu_model: "usual", hosts: 2, cpus: 4 },
    { cpu_model: "rare", hosts: 1, cpus: 2 },
  ]);
});

Deno.test("the tail begins when half of the slots are idle for good; the host with the most shards in it comes first", () => {
  const tail = tailOf(sampleFacts({
    shards: [
      shard("n1", 0, 10, 10),
      shard("n1", 0, 10, 10),
      shard("n2", 0, 12, 10),
      shard("n3", 0, 16, 10),
      shard("n3", 0, 20, 10),
    ],
  }));
  assert.deepEqual([tail?.tail_s, tail?.makespan_s], [8, 20]);
  assert.deepEqual(tail?.hosts.map(({ host, n_shards }) => [host, n_shards]), [["n3", 2]]);
  // n1 fits 2 toys/s on two slots, n2 10 in 12 s on one.
  assert.ok(Math.abs((tail?.hosts[0]?.without_s ?? 0) - 50 / (2 + 10 / 12)) < 1e-9);
  const two = tailOf(sampleFacts({
    shards: [shard("n1", 0, 1, 1), shard("n1", 0, 1, 1), shard("n1", 0, 1, 1), shard("n1", 0, 1, 1)]
      .concat([shard("n2", 0, 8, 1), shard("n3", 0, 9, 1), shard("n3", 0, 9, 1)]),
  }));
  assert.deepEqual(two?.hosts.map(({ host }) => host), ["n3", "n2"]);
  assert.equal(tailOf(sampleFacts({ shards: [{ n_toys: 1 }] })), null, "no shard is done");
});

Deno.test("the CPU share is CPU time per wall time and thread; unknown without any of the three", () => {
  const { shards } = sampleFacts({ shards: [shard("n1", 0, 10, 10), shard("n1", 0, 30, 10)] });
  const half = shards.map((one) => ({ ...one, cpu_s: (one.wall_s ?? 0) / 2 }));
  assert.deepEqual([cpuShare(half, 1), cpuShare(half, 2)], [0.5, 0.25]);
  assert.deepEqual([0, NaN].map((threads) => cpuShare(half, threads)), [null, null]);
  assert.deepEqual([cpuShare(half.map((one) => ({ ...one, cpu_s: null })), 1), cpuShare([], 1)], [null, null]);
  assert.equal(cpuShare(half.map((one) => ({ ...one, wall_s: 0 })), 1), null);
});

Deno.test("contention needs twelve shards, and loads that differ by half a process", () => {
  const at = (n: number, step: number) =>
    contentionOf([sampleFacts({
      shards: Array.from({ length: n }, (_, i) => ({ ...shard("n1", 0, 1 + i, 1), fit_s: 1 + i, load: 2 + i * step })),
    })]);
  assert.equal(at(11, 1), null);
  assert.equal(at(12, 0.04), null);
  const { r, n_shards, load_min, load_max } = at(12, 0.5) ?? { r: 0 };
  assert.ok(Math.abs(r - 1) < 1e-9);
  assert.deepEqual([n_shards, load_min, load_max], [12, 2, 7.5]);
});
