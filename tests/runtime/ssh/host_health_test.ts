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
  if (!isOtherGood) other.giveUp();
  return { health, printed };
}

const manifest = sampleManifest();
const WRAPPER_DIED = sampleRecord(manifest, planOf(manifest, 0), { cause: "signal", wall_s: null });

Deno.test("a host on which a shard's wrapper died is set aside, and the shard is retried without a failure", () => {
  const { health, printed } = host();
  const verdict = health.classifyFailure(WRAPPER_DIED, 1, 0);
  assert.deepEqual(verdict, { again: true, counts: false, given_up: null });
  assert(!health.isExpected());
  assert.match(printed[0] ?? "", /^w1 is paused for 600 s: /);
});

Deno.test("a shard whose wrapper dies a second time is at fault, and the host stays in use", () => {
  const { health, printed } = host();
  assert.deepEqual(health.classifyFailure(WRAPPER_DIED, 1, 1), { again: true, counts: true, given_up: null });
  assert.deepEqual(health.classifyFailure(WRAPPER_DIED, 2, 1), { again: false, counts: true, given_up: null });
  assert(health.isExpected());
  assert.deepEqual(printed, []);
});

Deno.test("the message that no other host can run shards comes only after all others were tried", () => {
  for (const [another, words] of [[true, /died$/], [false, /; no other host can run shards now$/]] as const) {
    const { health, printed } = host({ isOtherGood: another });
    void health.setAside("it died");
    assert.match(printed[0] ?? "", words);
  }
});

Deno.test("a host that finishes an earlier shard while set aside runs shards again, with a message", async () => {
  const { health, printed } = host({ retry_s: 0.01 });
  health.over = new AbortController().signal;
  health.classifyFailure(WRAPPER_DIED, 1, 0);
  health.recordSuccess();
  await until("it is back", () => health.isExpected());
  assert.equal(printed.at(-1), "w1 runs shards again");
  assert(!health.isOnTrial);
});
