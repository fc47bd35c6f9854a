import assert from "node:assert/strict";
import { answering } from "../../commands/output.ts";

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

Deno.test({
  name: "an answer that its disk does not take is an error, one that nobody reads is none",
  ignore: Deno.stdout.isTerminal(),
  fn: () => {
    for (const code of ["EIO", "ENOSPC"]) {
      assert.throws(() => answering(failing(code)), { kind: "input", message: /^Cannot print the result: / });
    }
    assert.equal(answering(failing("EPIPE")), false);
    assert.equal(answering(() => {}), true);
  },
});
