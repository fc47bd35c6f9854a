import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sentFacts } from "../../../core/job_txt.ts";
import { lostRecord } from "../../../core/record.ts";
import { metricsName, outName } from "../../../core/run_paths.ts";
import { attemptPath, beginAttempt, readAttempt } from "../../../runtime/shard/attempts.ts";
import { ingestIncoming } from "../../../runtime/shard/ingest.ts";
import { inventedMetrics } from "../../fixtures/metrics.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun, planOf, RUN_TOKEN, sampleAttempt, sampleManifest, sampleRecord } from "../../fixtures/run.ts";
import { namesIn } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

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

Deno.test("files that another process ingests between the read of job.txt and the check of the others are left to that process", () =>
  inFolder(async (folder) => {
    const incoming = join(folder, "incoming");
    for (const name of ["incoming", "attempts"]) await mkdir(join(folder, name));
    const job_txt = join(incoming, "shard_1.ssh-1a.job.txt");
    await writeFile(job_txt, `format=nsfarm-job-1\nrun_token=${RUN_TOKEN}\nout_bytes=10\nend=1\n`);
    const run = runOf(folder, sampleManifest());
    atLook("shard_1.ssh-1a.out.json", () => Deno.removeSync(job_txt), () => ingestIncoming(run));
    assert.deepEqual(await namesIn(join(folder, "attempts")), []);
    assert.deepEqual(await namesIn(incoming), []);
  }));

Deno.test("files that are still arriving are awaited, also where this machine's clock is a day ahead of the file server's", () =>
  inFolder(async (dir) => {
    const names = ["shard_1.7-0.job.txt", "shard_1.7-0.out.json"];
    for (const name of ["incoming", "attempts"]) await mkdir(join(dir, name));
    const [job_txt = "", out = ""] = names.map((name) => join(dir, "incoming", name));
    await writeFile(job_txt, `format=nsfarm-job-1\nrun_token=${RUN_TOKEN}\nout_bytes=10\nend=1\n`);
    await writeFile(out, "half");
    const real = Date.now;
    Date.now = () => real() + 86_400_000;
    try {
      ingestIncoming(runOf(dir, sampleManifest()));
    } finally {
      Date.now = real;
    }
    assert.deepEqual(await namesIn(join(dir, "attempts")), []);
    assert.deepEqual(await namesIn(join(dir, "incoming")), names);
    for (const path of [job_txt, out]) await rm(path);
  }));

/** A run with an attempt that was taken for lost, whose files come after all; `cause` is what it tells of its end. */
async function withLate(
  cause: "ok" | "exit",
  work: (dir: string, attempt_end: () => string | undefined) => Promise<void>,
  known: "signal" | "terminated" = "signal",
): Promise<void> {
  await inFolder(async (dir) => {
    for (const name of ["incoming", "attempts"]) await mkdir(join(dir, name));
    const manifest = inventedRun(dir);
    const plan = planOf(manifest, 1);
    const attempt = sampleAttempt(manifest, plan, { attempt: 1, attempt_token: "ssh-1a", end: null });
    beginAttempt(dir, { ...attempt, end: lostRecord(manifest, plan, attempt, "Its process is gone", known) });
    const output = inventedOutput(manifest, plan);
    const base = join(dir, "incoming/shard_1.ssh-1a");
    if (cause === "ok") await writeFile(`${base}.out.json`, output);
    await writeFile(`${base}.metrics.json`, inventedMetrics(manifest, plan, output));
    const record = sampleRecord(manifest, plan, { attempt: 1, cause, exit_code: cause === "ok" ? 0 : 1, wall_s: 2 });
    const more = { attempt: "ssh-1a", submission_token: null, metrics_bytes: null };
    await writeFile(`${base}.job.txt`, sentFacts({ ...record, out_bytes: null }, attempt.wrapper, more));
    ingestIncoming(runOf(dir, manifest));
    await work(dir, () => readAttempt(dir, 1, 1)?.end?.cause);
  });
}

Deno.test("the whole result of an attempt that counted as lost is committed when it arrives, and not removed", () =>
  withLate("ok", async (dir, cause) => {
    const names = await namesIn(dir);
    assert(names.includes(outName(1)) && names.includes(metricsName(1)), names.join(", "));
    assert.equal(cause(), undefined);
    assert.deepEqual(await namesIn(join(dir, "incoming")), []);
  }));

Deno.test("an attempt that counted as lost gets its reported end when that arrives", () =>
  withLate("exit", async (dir, cause) => {
    assert.equal(cause(), "exit");
    assert.deepEqual(await namesIn(join(dir, "attempts")), [attemptPath(dir, 1, 1).split("/").at(-1)]);
  }));

Deno.test("an attempt that was stopped for a known reason keeps that reason", () =>
  withLate("exit", (_dir, cause) => Promise.resolve(assert.equal(cause(), "terminated")), "terminated"));
