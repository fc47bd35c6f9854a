import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { settleIncoming } from "../../host/shard/settle_incoming.ts";
import { RUN_TOKEN, sampleManifest } from "../core/support/sample_run.ts";
import { namesIn } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { runOf } from "./support/bench.ts";

/** Calls `act` at the first look at a file whose name ends so, before it is looked at. */
function atLook(end: string, act: () => void, work: () => void): void {
  const real = Deno.lstatSync;
  let acted = false;
  Deno.lstatSync = (path) => {
    if (!acted && `${path}`.endsWith(end)) {
      acted = true;
      act();
    }
    return real(path);
  };
  try {
    work();
  } finally {
    Deno.lstatSync = real;
  }
  assert(acted, `nothing looked at ${end}`);
}

Deno.test("what another process takes in between the read of its job.txt and the look at its files is left to that one", () =>
  inFolder(async (folder) => {
    const incoming = join(folder, "incoming");
    for (const name of ["incoming", "attempts"]) await mkdir(join(folder, name));
    const job_txt = join(incoming, "shard_1.ssh-1a.job.txt");
    await writeFile(job_txt, `format=nsfarm-job-1\nrun_token=${RUN_TOKEN}\nout_bytes=10\nend=1\n`);
    const run = runOf(folder, sampleManifest());
    atLook("shard_1.ssh-1a.out.json", () => Deno.removeSync(job_txt), () => settleIncoming(run));
    assert.deepEqual(await namesIn(join(folder, "attempts")), []);
    assert.deepEqual(await namesIn(incoming), []);
  }));
