import assert from "node:assert/strict";
import { doubleMemory, doubleTime } from "../../core/request.ts";

Deno.test("doubledMemory() doubles the number and keeps the unit", () => {
  assert.deepEqual(["2GB", "1500", "0.5 G", "512M", 3].map(doubleMemory), ["4GB", "3000", "1G", "1024M", "6"]);
});

Deno.test("doubledMemory() of an invalid amount says what to give instead", () => {
  assert.throws(() => doubleMemory("a lot"), { kind: "usage", next: "Give the new amount: --more-memory 4GB" });
});

for (
  const [time, twice] of [
    [30, 60],
    ["30", "60"],
    ["01:30:00", "03:00:00"],
    ["0:45", "00:01:30"],
    ["1-12", "72:00:00"],
    ["1-12:30", "73:00:00"],
    ["2-00:00:01", "96:00:02"],
  ] as const
) {
  Deno.test(`twiceTime() of ${time} is ${twice}`, () => assert.equal(doubleTime(time), twice));
}

Deno.test("twiceTime() of an invalid limit is refused", () => {
  assert.throws(() => doubleTime("UNLIMITED"), { kind: "usage", message: /Cannot use --more-time "UNLIMITED"/ });
});
