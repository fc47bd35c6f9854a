import assert from "node:assert/strict";
import type { OptionValue } from "../../../core/schema/manifest.ts";
import { type Raised, raiseLimits } from "../../../runtime/run/change_manifest.ts";
import type { Backend } from "../../../schedulers/adapter.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import local from "../../../schedulers/local.ts";
import slurm from "../../../schedulers/slurm.ts";
import { sampleManifest } from "../../fixtures/run.ts";

const AT = "2026-11-24T20:00:00.000Z";

/** The options of a run after a retry. */
function raised(adapter: Backend, options: Record<string, OptionValue>, more: Raised) {
  return raiseLimits(sampleManifest({ farm: { options } }), adapter, more, AT).farm;
}

Deno.test("limits are raised in the scheduler's own options, and the change is in the run's history", () => {
  const { options, history } = raised(slurm, { "slurm-memory": "2G", "slurm-time": "30", "slurm-qos": "long" }, {
    memory: true,
    time: true,
  });
  assert.deepEqual(options, { "slurm-memory": "3G", "slurm-time": "60", "slurm-qos": "long" });
  assert.deepEqual(history, [{
    at_utc: AT,
    change: "retried with --slurm-memory 2G → 3G, --slurm-time 30 → 60",
    doubled: ["slurm-memory", "slurm-time"],
    submitted_at_utc: null,
  }]);
  assert.equal(
    raised(htcondor, { "condor-request-memory": "1GB" }, { memory: true }).options["condor-request-memory"],
    "1536MB",
  );
});

Deno.test("a new value is used unchanged", () => {
  assert.equal(raised(local, {}, { time: "1-12:30:00" }).options["local-time"], "1-12:30:00");
});

Deno.test("a retry without new limits leaves the manifest unchanged", () => {
  const manifest = sampleManifest();
  assert.equal(raiseLimits(manifest, local, {}, AT), manifest);
});

for (
  const [what, adapter, more, message] of [
    ["a time that is none", local, { time: "junk" }, /Cannot use --local-time "junk": wanted HH:MM:SS/],
    ["a memory that is none", slurm, { memory: "a lot" }, /Cannot use --slurm-memory "a lot": wanted 2G/],
    ["a line break", htcondor, { memory: "1GB\nqueue 9" }, /wanted one line without control characters/],
    ["a limit that the scheduler does not have", local, { memory: "2G" }, /local has no limit of memory to raise/],
    [
      "more of what was never set",
      slurm,
      { time: true },
      /Cannot raise --slurm-time: the run was rendered without it/,
    ],
  ] satisfies [string, Backend, Raised, RegExp][]
) {
  Deno.test(`${what} is refused before the run is changed`, () => {
    assert.throws(() => raised(adapter, {}, more), { kind: "usage", message });
  });
}
