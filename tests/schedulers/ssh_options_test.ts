import assert from "node:assert/strict";
import { SSH_FLAGS } from "../../core/ssh/ssh_flags.ts";
import { AdapterFacts } from "../../schedulers/adapter.ts";
import ssh from "../../schedulers/ssh.ts";
import { SSH_OPTIONS } from "../../schedulers/ssh.ts";

Deno.test("each ssh flag is an option of its runs, and retry can raise only the time limit of a fit", () => {
  assert.deepEqual(SSH_OPTIONS.map(({ name }) => name), Object.keys(SSH_FLAGS));
  assert.deepEqual(SSH_OPTIONS.flatMap(({ name, role }) => role ? [[name, role]] : []), [["ssh-time", "time"]]);
  assert.ok(SSH_OPTIONS.every(({ name }) => ssh.options.some((option) => option.name === name)));
});

Deno.test("options of ssh runs follow the rules of every adapter, and the host sends their inputs", () => {
  assert.equal(AdapterFacts.shape.options.safeParse(ssh.options).error, undefined);
  assert.ok(ssh.limits.sends_inputs);
});
