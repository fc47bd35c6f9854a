import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSameBoot, pidNamespace, processBoot, startTicks } from "../../../runtime/system/proc.ts";
import { inFolder } from "../../support/scratch.ts";

/** Does something while the program cat fails so many times before it works. */
async function whileCatFails(times: number, work: () => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const path = Deno.env.get("PATH") ?? "";
    const count = `n=$(wc -l <"${folder}/calls" 2>/dev/null || echo 0); echo x >>"${folder}/calls"`;
    await writeFile(join(folder, "cat"), `#!/bin/sh\n${count}\n[ "$n" -ge ${times} ] || exit 1\nexec /bin/cat "$@"\n`);
    await chmod(join(folder, "cat"), 0o755);
    Deno.env.set("PATH", `${folder}:${path}`);
    try {
      await work();
    } finally {
      Deno.env.set("PATH", path);
    }
  });
}

Deno.test("a process does not count as dead where it could not be queried", () =>
  whileCatFails(1000, async () => {
    await assert.rejects(startTicks([Deno.pid]), /Cannot list the processes of this machine/);
  }));

Deno.test("processes are queried again where the first attempt failed", () =>
  whileCatFails(2, async () => {
    assert((await startTicks([Deno.pid])).has(Deno.pid));
  }));

Deno.test("processes of a PID namespace of its own have a boot id of their own", () => {
  assert.equal(pidNamespace("pid:[4026531836]"), "");
  assert.equal(pidNamespace(""), "");
  assert.equal(processBoot("b", ""), "b");
  const inner = processBoot("b", pidNamespace("pid:[4026532178]"));
  assert.equal(inner, "b/4026532178");
  assert(isSameBoot("b", inner));
  assert(!isSameBoot("b", processBoot("c", "4026532178")));
});
