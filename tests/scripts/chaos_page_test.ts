import assert from "node:assert/strict";
import { join } from "node:path";
import { faultsPage } from "../chaos/faults_page.ts";
import { noteRound, readRounds, type RoundLine } from "../chaos/rounds_log.ts";

const step = (kind: string, isHit = true) => ({ at_ms: 1, kind, dice: 0.5, isHit });
const round = (seed: number, more: Partial<RoundLine> = {}): RoundLine => ({
  ...{ backend: "local", seed, whole: true, commands: 1, steps: [step("kill a fit")] },
  ...more,
});

Deno.test("the page of faults counts the faults of rounds that became whole, and names the others", () => {
  const page = faultsPage([
    round(1, { steps: [step("kill a fit"), step("kill a fit"), step("stop a fit", false)] }),
    round(2, { whole: false, commands: 0, steps: [] }),
    round(1, { backend: "ssh", steps: [step("drop the connections of a host")] }),
  ]);
  for (
    const row of [
      "| fault | local | ssh |",
      "| kill a fit | 2 | – |",
      "| drop the connections of a host | – | 1 |",
      "| **rounds** | 2 | 1 |",
      "| **became whole** | 1 | 1 |",
    ]
  ) assert.ok(page.includes(row), `${row}\nin\n${page}`);
  assert.ok(!page.includes("stop a fit"));
});

Deno.test("a fault that the page does not explain is an error", () => {
  assert.throws(() => faultsPage([round(1, { steps: [step("eat the disk")] })]), /eat the disk/);
});

Deno.test("the log of rounds adds up over calls; the last round counts for a schedule that was run again", async () => {
  const folder = await Deno.makeTempDir();
  const log = join(folder, "rounds.jsonl");
  const failed = round(7, { whole: false, steps: [] });
  try {
    for (const one of [failed, round(7, { backend: "ssh" }), round(8), round(7)]) await noteRound(log, one);
    assert.deepEqual(await readRounds(log), [round(7), round(7, { backend: "ssh" }), round(8)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
