import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { finishRun } from "../../commands/drive_run.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { inventedRun } from "../fixtures/run.ts";
import { writeRun } from "../fixtures/run_dir.ts";
import { runOf } from "../runtime/support/context.ts";
import { inFolder } from "../support/scratch.ts";
import { keptOutput } from "./support/kept_output.ts";

/** What finishing a run of four shards says, when the files of some of them are not there. */
async function finished(folder: string, gone: number[], allow_partial: boolean) {
  const dir = join(folder, `without ${gone.join(" ")} ${allow_partial}`);
  const manifest = inventedRun(dir);
  await writeRun(manifest);
  for (const i of gone) for (const end of ["out", "metrics"]) await rm(join(dir, `shard_${i}.${end}.json`));
  const out = keptOutput();
  const code = await finishRun(runOf(dir, manifest), out, allow_partial, []);
  return { code, out, dir };
}

Deno.test("a whole run exits with 0 and the path of its merge first; an incomplete one with the command that helps", () =>
  inFolder(async (folder) => {
    const whole = await finished(folder, [], false);
    assert.equal(whole.code, EXIT_CODES.done);
    assert.ok(whole.out.printed.join("\n").includes(join(whole.dir, "merged.out.json")));
    const open = await finished(folder, [2], false);
    assert.equal(open.code, EXIT_CODES.shards);
    assert.match(
      open.out.notes.join("\n"),
      /nsfarm-deno retry '.*without 2 false' reruns the (failed|unfinished) shards?/,
    );
    assert.deepEqual(open.out.printed.filter((text) => text.includes("merged.out.json")), []);
  }));

Deno.test("a partial merge is merged only with --allow-partial", () =>
  inFolder(async (folder) => {
    const { code, out, dir } = await finished(folder, [2], true);
    assert.notEqual(code, EXIT_CODES.shards);
    assert.ok(out.printed.join("\n").includes(join(dir, "merged.out.json")));
    assert.equal(out.documents.length, 1);
  }));
