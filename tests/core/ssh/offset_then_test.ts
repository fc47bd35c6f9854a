import assert from "node:assert/strict";
import { offsetThen } from "../../../core/ssh/host_facts.ts";

const at = (s: number) => new Date(Date.UTC(2026, 10, 24) + s * 1000).toISOString();
const sent = (clock_offset_s: number | null) => ({ started_at_utc: at(0), remote: { host: "n1", clock_offset_s } });

Deno.test("the offset measured at connection is valid until one of the clocks is set", () => {
  assert.equal(offsetThen(sent(100), { started_at_utc: at(100.4) }), 100);
  assert.equal(offsetThen(sent(100), { started_at_utc: at(100.4 - 3600) }), null);
  assert.equal(offsetThen(sent(100), { started_at_utc: at(100.4 + 3600) }), null);
  assert.equal(offsetThen(sent(null), { started_at_utc: at(0) }), null);
  assert.equal(offsetThen({ started_at_utc: at(0) }, { started_at_utc: at(0) }), null);
});
