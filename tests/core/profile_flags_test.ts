import assert from "node:assert/strict";
import { profileFlags } from "../../core/profile.ts";

const SLURM = { name: "slurm", options: ["slurm-time"], shared: ["threads", "shards", "no-check"] };

Deno.test("a profile gives options of its scheduler and of all runs; a switch is given or not", () => {
  const options = { "slurm-time": "1:00", threads: 1, shards: 40, "no-check": true };
  assert.deepEqual(profileFlags("p", { scheduler: "slurm", options }, SLURM), [
    { name: "slurm-time", values: ["1:00"], is_switch: false },
    { name: "threads", values: ["1"], is_switch: false },
    { name: "shards", values: ["40"], is_switch: false },
    { name: "no-check", values: ["true"], is_switch: true },
  ]);
  assert.deepEqual(profileFlags("p", { scheduler: "slurm", options: { "no-check": false } }, SLURM), []);
});

Deno.test("an unknown option is refused with the nearest name, or the command that shows all", () => {
  const refused = (name: string) => () => profileFlags("p", { scheduler: "slurm", options: { [name]: 1 } }, SLURM);
  assert.throws(refused("thread"), { kind: "input", message: /no option "thread"/, next: 'Did you mean "threads"?' });
  assert.throws(refused("config"), { message: /a run of slurm has no option "config" that a profile can give/ });
});
