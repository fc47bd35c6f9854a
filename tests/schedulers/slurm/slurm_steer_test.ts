import assert from "node:assert/strict";
import slurm from "../../../schedulers/slurm.ts";
import { exampleContext } from "../../fixtures/context.ts";
import { answer, handle, recorded } from "../support/recorded.ts";

const argvs = (commands: { argv: string[] }[]) => commands.map(({ argv }) => argv.join(" "));

Deno.test("a whole array is held by its id, so that it stays one record, and single tasks by their indexes", () => {
  const hold = (shards: number[] | null) => argvs(slurm.hold(exampleContext(), [handle("43", 6)], shards));
  assert.deepEqual(hold(null), ["scontrol hold 43"]);
  assert.deepEqual(hold([1, 2, 4]), ["scontrol hold 43_[1-2,4]"]);
  assert.deepEqual(hold([17]), [], "no shard of this array");
  assert.deepEqual(argvs(slurm.release(exampleContext(), [handle("43", 6)], [1])), ["scontrol release 43_[1]"]);
});

Deno.test("a throttle is divided between the arrays, at least one each, and 0 is no limit", () => {
  const throttle = (most: number | null) =>
    argvs(slurm.throttle(exampleContext(), [handle("43", 6), handle("44", 6)], most)).map((line) =>
      line.replace("scontrol update JobId=", "")
    );
  assert.deepEqual(throttle(5), ["43 ArrayTaskThrottle=3", "44 ArrayTaskThrottle=2"]);
  assert.deepEqual(throttle(1), ["43 ArrayTaskThrottle=1", "44 ArrayTaskThrottle=1"]);
  assert.deepEqual(throttle(null), ["43 ArrayTaskThrottle=0", "44 ArrayTaskThrottle=0"]);
});

for (
  const name of [
    "hold-ended",
    "hold-nonexistent",
    "release-nonexistent",
    "release-partly",
    "throttle",
    "throttle-nonexistent",
  ]
) {
  Deno.test(`scontrol: ${name} says only that tasks have ended, which is no failure`, () => {
    assert.deepEqual(slurm.readSteer([recorded(`slurm-scontrol-${name}`, 1)]), { kind: "ok", value: null });
  });
}

Deno.test("scontrol: success prints nothing; a controller that hangs or is down is unclear", () => {
  assert.equal(slurm.readSteer([answer("")]).kind, "ok");
  assert.equal(slurm.readSteer([answer(""), recorded("slurm-scontrol-hold-ctld-hung", 1)]).kind, "unclear");
  assert.equal(slurm.readSteer([recorded("slurm-scontrol-ctld-down", 1)]).kind, "unclear");
});

Deno.test("a task that runs while its array is held is running, not held", () => {
  const token = "0123456789abcdef";
  const text = recorded("slurm-squeue-farm-hold-whole").stdout.replaceAll("|wrap", `|nsfarm-${token}`);
  const read = slurm.readQuery([answer(text)], [{ ...handle("13", 9), token }], 0);
  assert.deepEqual(read.kind === "ok" && read.value.map(({ state }) => state), [
    ...["running", "running", "running", "running"],
    ...["held", "held", "held", "held", "held"],
  ]);
});
