import assert from "node:assert/strict";
import { busyPercent, measureRun, processorTimes } from "../../scripts/testing/report.ts";

Deno.test("processorTimes() reads /proc/stat: waiting for a disk is idle, guests count in user time already", () => {
  const text = "cpu  100 10 20 300 40 1 2 7 50 5\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  assert.deepEqual(processorTimes(text), { idle: 340, all: 480 });
  assert.equal(processorTimes(""), undefined);
});

Deno.test("busyPercent() is the share of the time in which processors worked", () => {
  assert.equal(busyPercent({ idle: 100, all: 200 }, { idle: 125, all: 300 }), 75);
  assert.equal(busyPercent({ idle: 100, all: 200 }, { idle: 100, all: 200 }), undefined);
});

Deno.test("measureRun() says how long the run took", () => {
  assert.match(
    measureRun()(),
    /^dev: the run took 0 s on \d+ processors(, busy \d+ % of the time: \d+ s of one processor)?$/,
  );
});
