import assert from "node:assert/strict";
import local from "../../schedulers/local.ts";
import { exampleContext, exampleHandle } from "../../host/check_adapter/example_run.ts";
import { result } from "../../host/check_adapter/answers.ts";

const HANDLE = exampleHandle(2);
const why = 'Cannot read the file of a worker loop "/r/claims/worker_x.json": permission denied';
const unread = result({ stdout: JSON.stringify({ workers: [], unknown: [{ token: HANDLE.token, why }] }) });

Deno.test("what a worker loop's program says is told by the same rule as of any command", () => {
  const spoken = result({ exit_code: 2, stderr: "one\n\ntwo\n" });
  assert.deepEqual(local.readFind(spoken, "0".repeat(16)), { kind: "unclear", message: "one; two" });
});

Deno.test("a worker loop whose file cannot be read was neither taken nor refused", () => {
  assert.deepEqual(local.readFind(unread, HANDLE.token), { kind: "unclear", message: why });
  assert.deepEqual(local.readFind(unread, "00112233445566bb"), { kind: "ok", value: null });
});

Deno.test("the shards of a worker loop whose file cannot be read are unknown, with the reason", () => {
  const answer = local.readQuery([unread], [HANDLE], 0);
  const states = answer.kind === "ok" ? answer.value : [];
  assert.deepEqual(states.map(({ shard, state, reason }) => [shard, state, reason]), [
    [0, "unknown", why],
    [1, "unknown", why],
  ]);
});

Deno.test("the answer of an earlier version, which knows no unknown loops, is read", () => {
  const earlier = result({ stdout: '{"workers": []}' });
  assert.deepEqual(local.readQuery([earlier], [HANDLE], 0), { kind: "ok", value: [] });
  assert.equal(local.query(exampleContext(local), [HANDLE], 0).length, 1);
});

Deno.test("a worker loop that could not be asked to stop is not cancelled, and what to do is told on one line", () => {
  const stderr = `nsfarm-deno: ${why}\n  Make it readable\n`;
  const answer = local.readCancel([result({ exit_code: 4, stderr })]);
  assert.deepEqual(answer, { kind: "unclear", message: `${why}; Make it readable` });
});
