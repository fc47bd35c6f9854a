import assert from "node:assert/strict";
import fc from "fast-check";
import { dividedBy, isOurHold, PAUSED, shareOf, steeringLines } from "../../core/steering.ts";
import { remedyOf } from "../../core/advice.ts";

const loops = fc.uniqueArray(fc.record({ token: fc.string(), slots: fc.integer({ min: 1, max: 9 }) }), {
  selector: ({ token }) => token,
  minLength: 1,
  maxLength: 8,
});

Deno.test("loops that see the same list divide a throttle without rest, and none gets more than its slots", () => {
  fc.assert(fc.property(loops, fc.integer({ min: 1, max: 60 }), (all, most) => {
    const shares = all.map(({ token }) => shareOf(most, all, token));
    const slots = all.reduce((sum, one) => sum + one.slots, 0);
    assert.equal(shares.reduce((sum, share) => sum + share, 0), Math.min(most, slots));
    assert(shares.every((share, i) => share <= (all[i]?.slots ?? 0)));
  }));
});

Deno.test("a loop that is not in the list has no share", () => {
  assert.equal(shareOf(5, [{ token: "a", slots: 2 }], "b"), 0);
});

Deno.test("a limit is divided between arrays into parts that differ by one at most", () => {
  assert.deepEqual(dividedBy(7, 3), [3, 2, 2]);
  assert.deepEqual(dividedBy(1, 3), [1, 0, 0]);
});

const held = [{ token: "t", shards: [3, 4], whole: false }];
const native = (state: "held" | "queued", shard: number | null, token = "t") => ({
  ...{ token, shard, state, native: "", reason: null, host: null },
});

Deno.test("a hold is ours only for a listed shard that its scheduler still holds", () => {
  assert(isOurHold({ held }, native("held", 3)));
  assert(isOurHold({ held }, native("held", null)), "a whole submission");
  assert(!isOurHold({ held }, native("held", 5)), "a person's");
  assert(!isOurHold({ held }, native("held", 3, "u")));
  assert(!isOurHold({ held }, native("queued", 3)));
  assert(!isOurHold({}, native("held", 3)));
});

Deno.test("a shard that a pause holds needs resume, and one that somebody else holds does not", () => {
  const one = { state: "held" as const, cause: null };
  assert.equal(remedyOf({ ...one, why: PAUSED }, { refusal: null }), "paused");
  assert.equal(remedyOf({ ...one, why: "held by an administrator" }, { refusal: null }), "held");
});

Deno.test("status says since when and by whom a run is paused, and how it goes on", () => {
  const made = { at_utc: "2026-01-01T00:00:00.000Z", by: "ann@login" };
  const steering = { schema_version: "nextstat.cpu_farm_steering.v1" as const, paused: made, added_pilots: 2 };
  assert.deepEqual(steeringLines({ ...steering, throttle: { ...made, most: 3 } }, "/runs/my run"), [
    "paused since 2026-01-01T00:00:00.000Z by ann@login; nsfarm-deno resume '/runs/my run' goes on",
    "throttle: at most 3 fits at a time, since 2026-01-01T00:00:00.000Z",
    "2 pilots added",
  ]);
  assert.deepEqual(
    steeringLines({ schema_version: steering.schema_version, throttle: { ...made, most: null } }, "/r"),
    [],
  );
  assert.deepEqual(steeringLines(null, "/r"), []);
});
