import assert from "node:assert/strict";
import { until } from "../../support/scratch.ts";
import { HostHealth, type OtherHosts } from "../../../host/ssh/host_health.ts";
import { planOf, sampleManifest, sampleRecord } from "../../core/support/sample_run.ts";

/** One of two hosts that loops have used; what is said of it is kept. */
function host(change: Partial<OtherHosts> = {}) {
  const said: string[] = [];
  const others: OtherHosts = {
    size: 2,
    reached: true,
    done: 0,
    retry_s: 600,
    say: (words) => said.push(words),
    missed: () => {},
    hasExpectedPlace: () => true,
    giveUpIfHopeless: () => false,
    ...change,
  };
  return { health: new HostHealth("w1", others), said };
}

const manifest = sampleManifest();
const WRAPPER_DIED = sampleRecord(manifest, planOf(manifest, 0), { cause: "signal", wall_s: null });

Deno.test("a host on which a shard's wrapper died is set aside, and the shard is tried again without blame", () => {
  const { health, said } = host();
  const verdict = health.judge(WRAPPER_DIED, 1, 0);
  assert.deepEqual(verdict, { again: true, counts: false, given_up: null });
  assert(!health.isGood);
  assert.match(said[0] ?? "", /^w1 is set aside for 600 s: /);
});

Deno.test("a shard whose wrapper died before is to blame when it dies once more, and the host stays in use", () => {
  const { health, said } = host();
  assert.deepEqual(health.judge(WRAPPER_DIED, 1, 1), { again: true, counts: true, given_up: null });
  assert.deepEqual(health.judge(WRAPPER_DIED, 2, 1), { again: false, counts: true, given_up: null });
  assert(health.isGood);
  assert.deepEqual(said, []);
});

Deno.test("that no other host can run shards is told only once all others were tried", () => {
  for (const [another, words] of [[true, /died$/], [false, /; no other host can run shards now$/]] as const) {
    const { health, said } = host({ hasExpectedPlace: () => another });
    void health.missed("it died");
    assert.match(said[0] ?? "", words);
  }
});

Deno.test("a host that is set aside and does meanwhile what it had begun runs shards again, and says so", async () => {
  const { health, said } = host({ retry_s: 0.01 });
  health.watch(new AbortController().signal, () => {});
  health.judge(WRAPPER_DIED, 1, 0);
  health.praise();
  await until("it is back", () => health.isGood);
  assert.equal(said.at(-1), "w1 runs shards again");
  assert(!health.on_trial);
});
