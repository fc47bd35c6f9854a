import assert from "node:assert/strict";
import { HostHealth } from "../../../runtime/ssh/health.ts";
import { planOf, sampleManifest, sampleRecord } from "../../fixtures/run.ts";
import { until } from "../../support/scratch.ts";

/** One of two hosts that loops have used; what is said of it is kept. */
function host({ retry_s = 600, isOtherGood = true } = {}) {
  const printed: string[] = [];
  const pool = { note: (message: string) => void printed.push(message), giveUpIfHopeless: () => false };
  const peers: HostHealth[] = [];
  const [health, other] = ["w1", "w2"].map((name) => new HostHealth(name, peers, retry_s, pool));
  assert(health && other);
  peers.push(health, other);
  other.isGivenUp = !isOtherGood;
  return { health, printed };
}

const manifest = sampleManifest();
const WRAPPER_DIED = sampleRecord(manifest, planOf(manifest, 0), { cause: "signal", wall_s: null });

Deno.test("a host on which a shard's wrapper died is set aside, and the shard is tried again without blame", () => {
  const { health, printed } = host();
  const verdict = health.classifyFailure(WRAPPER_DIED, 1, 0);
  assert.deepEqual(verdict, { again: true, counts: false, given_up: null });
  assert(!health.isExpected());
  assert.match(printed[0] ?? "", /^w1 is paused for 600 s: /);
});

Deno.test("a shard whose wrapper died before is to blame when it dies once more, and the host stays in use", () => {
  const { health, printed } = host();
  assert.deepEqual(health.classifyFailure(WRAPPER_DIED, 1, 1), { again: true, counts: true, given_up: null });
  assert.deepEqual(health.classifyFailure(WRAPPER_DIED, 2, 1), { again: false, counts: true, given_up: null });
  assert(health.isExpected());
  assert.deepEqual(printed, []);
});

Deno.test("that no other host can run shards is told only once all others were tried", () => {
  for (const [another, words] of [[true, /died$/], [false, /; no other host can run shards now$/]] as const) {
    const { health, printed } = host({ isOtherGood: another });
    void health.setAside("it died");
    assert.match(printed[0] ?? "", words);
  }
});

Deno.test("a host that is set aside and does meanwhile what it had begun runs shards again, and says so", async () => {
  const { health, printed } = host({ retry_s: 0.01 });
  health.over = new AbortController().signal;
  health.classifyFailure(WRAPPER_DIED, 1, 0);
  health.recordSuccess();
  await until("it is back", () => health.isExpected());
  assert.equal(printed.at(-1), "w1 runs shards again");
  assert(!health.isOnTrial);
});
