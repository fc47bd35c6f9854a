import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WORKER_SCHEMA } from "../../core/schema/attempt.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { type FakeSlurm, fakeSlurm } from "../support/fake_slurm.ts";
import { mustRun, renderRun, requestArgs, start } from "../support/farm.ts";
import { inFolder, processesOf, until } from "../support/scratch.ts";
import { arrayAt, readJson } from "../support/toys.ts";

interface Site {
  slurm: FakeSlurm;
  dir: string;
  must(args: string[], code?: number): ReturnType<typeof mustRun>;
  begin(args: string[]): ReturnType<typeof start>;
}

/** A rendered run of 8 shards where an array holds 5, on a Slurm of stand-ins. */
function onSlurm(work: (site: Site) => Promise<void>, more: string[] = []): Promise<void> {
  return inFolder(async (folder) => {
    const slurm = await fakeSlurm(folder);
    const where = { env: slurm.env };
    const dir = await renderRun(folder, { toys: 8, shards: 8, more: ["--scheduler", "slurm", ...more] });
    await work({
      ...{ slurm, dir },
      must: (args, code = 0) => mustRun(folder, [args[0] ?? "", dir, ...args.slice(1)], code, where),
      begin: (args) => start(folder, [args[0] ?? "", dir, ...args.slice(1)], where),
    });
  });
}

Deno.test("messages of sbatch beside a queued job are no refusal, and nothing is submitted twice", () =>
  onSlurm(async ({ slurm, must }) => {
    await slurm.onSubmit('echo "sbatch: Fehler: keine Antwort" >&2; exit 1');
    assert.match((await must(["submit"])).stdout, /^slurm job 101: 5 shards\nslurm job 102: 3 shards$/m);
    assert.match((await must(["submit"])).stdout, /Nothing to submit/);
    assert.match((await must(["cancel"])).stdout, /^cancelled slurm job 101\ncancelled slurm job 102$/m);
    assert.deepEqual(await slurm.queued(), []);
  }));

Deno.test("Ctrl-C on a run leaves its jobs in the queue, says so, and names the command that stops them", () =>
  inFolder(async (folder) => {
    const slurm = await fakeSlurm(folder);
    const words = ["run", "--scheduler", "slurm", ...requestArgs(folder, { toys: 4, shards: 2 })];
    const run = start(folder, words, { env: slurm.env });
    await until("the job is in the queue", async () => (await slurm.queued()).length === 1);
    run.kill("SIGINT");
    const { code, stderr } = await run.ended;
    assert.equal(code, 130, stderr);
    assert.match(
      stderr,
      /^interrupted: the jobs go on in slurm; .*\n {2}nsfarm-deno run … --run-id r {3}or {3}nsfarm-deno cancel /m,
    );
    assert.deepEqual(await slurm.queued(), ["101"]);
  }));

Deno.test("a refusal with an unknown message is reported after a search for its token", () =>
  onSlurm(async ({ slurm, must }) => {
    await slurm.beforeSubmit('echo "sbatch: error: site plugin: over the monthly budget" >&2; exit 1');
    const { stderr } = await must(["submit"], 4);
    assert.match(
      stderr,
      /slurm did not accept the jobs: .*over the monthly budget; no job with its token is in its queue\n/,
    );
    assert.match(stderr, /No job was queued; fix this/);
  }));

Deno.test("status and cancel find a job that appears late", () =>
  onSlurm(async ({ slurm, dir, must }) => {
    await slurm.beforeSubmit('echo "$id $name $tasks" >>"$here/late"; echo "sbatch: error: oh" >&2; exit 1');
    await must(["submit"], 4);
    const late = join(dir, "../../fake-slurm/late");
    await Deno.copyFile(late, join(dir, "../../fake-slurm/queue"));
    assert.match((await must(["status"])).stdout, /5 queued, 3 not submitted of 8 shards/);
    assert.match((await must(["cancel"])).stdout, /^cancelled slurm job 101$/m);
  }));

Deno.test("a line with another number is not taken for the job id", () =>
  onSlurm(async ({ slurm, must }) => {
    await slurm.onSubmit('echo "$id"; echo 17; exit 0');
    assert.match((await must(["submit"])).stdout, /^slurm job 101: 5 shards$/m);
  }));

Deno.test("of several arrays, those that were queued are named when a later one is refused, and so is the finishing job", () =>
  onSlurm(async ({ slurm, dir, must }) => {
    await slurm.beforeSubmit(`[ "$n" -lt 2 ] || {
echo "sbatch: error: AssocMaxSubmitJobLimit" >&2
echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)" >&2; exit 1; }`);
    const { stderr } = await must(["submit", "--finish"], 4);
    assert.doesNotMatch(stderr, /Nothing was queued/);
    assert.ok(
      stderr.includes(
        `Queued: job 101 of 5 shards; 3 shards left; continue with: nsfarm-deno submit ${quoteWord(dir)}`,
      ),
      stderr,
    );
    assert.match(stderr, /; no finishing job was submitted$/m);
  }));

Deno.test("cancel after a submit that was killed while sbatch had queued the job finds and cancels it", () =>
  onSlurm(async ({ slurm, dir, must, begin }) => {
    await slurm.onSubmit('while [ ! -e "$here/end" ]; do sleep 0.1; done');
    const submit = begin(["submit"]);
    await until("the job is queued", async () => (await slurm.queued()).length === 1);
    submit.kill("SIGKILL");
    await submit.ended;
    assert.match((await must(["cancel"])).stdout, /^cancelled slurm job 101$/m);
    assert.deepEqual(await slurm.queued(), []);
    await slurm.mark("end");
    await until("sbatch has ended", async () => (await processesOf(join(dir, "../.."))).length === 0);
  }));

Deno.test("cancel stops the pilots of every submission of a run", () =>
  onSlurm(async ({ slurm, dir, must }) => {
    await must(["submit"]);
    await must(["extend", "--n-toys", "+10"]);
    const submissions = arrayAt(await readJson(join(dir, "submit_meta.json")), "farm.submissions");
    assert.equal(submissions.length, (await slurm.queued()).length);
    assert.ok(submissions.length > 1);
    await must(["cancel"]);
    assert.deepEqual(await slurm.queued(), []);
  }, ["--pilots", "1"]));

Deno.test("a job that is gone before its cancellation is no error", () =>
  onSlurm(async ({ slurm, must }) => {
    await must(["submit"]);
    await slurm.replace(
      "scancel",
      ': >"$here/queue"; echo "scancel: error: Kill job error on job id 101: Invalid job id specified" >&2; exit 1',
    );
    await must(["cancel"]);
  }));

Deno.test("a job that survives its cancellation, since a site renamed it, is named, and cancel exits 4", () =>
  onSlurm(async ({ slurm, must }) => {
    await must(["submit"]);
    const scancel = await slurm.read("bin/scancel");
    await slurm.replace(
      "scancel",
      `case $* in *--name=*) sed -i "/^102 /!d" "$here/queue"; exit 0 ;; esac\n${scancel}`,
    );
    const { stdout } = await must(["cancel"], 4);
    assert.match(stdout, /^cancelled slurm job 101\nslurm job 102 is still queued after .*: cancel it by its id$/m);
  }));

Deno.test("a stopped status ends at once, also during a query, and leaves no process", () =>
  onSlurm(async ({ slurm, must, begin }) => {
    await must(["submit"]);
    await slurm.replace("squeue", 'echo x >"$here/asked"; sleep 300');
    const status = begin(["status"]);
    await until("squeue is asked", async () => (await slurm.read("asked")) !== "");
    status.kill("SIGTERM");
    assert.equal((await status.ended).code, 143);
  }));

Deno.test("Ctrl-C on a command that waits says what goes on and how to wait again; a watch keeps the last known states", () =>
  onSlurm(async ({ dir, slurm, begin }) => {
    const squeue = (await slurm.read("bin/squeue")).replace(/^#!.*\n/, "");
    await slurm.replace("squeue", `[ ! -s "$here/queue" ] || echo x >"$here/watched"\n${squeue}`);
    const waiting = begin(["submit", "--wait"]);
    await until("the queued jobs are watched", async () => (await slurm.read("watched")) !== "");
    waiting.kill("SIGINT");
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 130);
    const both = `finish '?${dir}'? --wait, or stop with: nsfarm-deno cancel '?${dir}'?$`;
    assert.match(
      stderr,
      new RegExp(`^interrupted: the jobs go on in slurm; wait again with: nsfarm-deno ${both}`, "m"),
    );
    const hangs = `[ ! -e "$here/asked" ] || { echo x >"$here/hangs"; sleep 300; }\necho x >"$here/asked"`;
    await slurm.replace("squeue", `${hangs}\n${squeue}`);
    const watch = begin(["status", "--watch"]);
    await until("squeue hangs after it has answered once", async () => (await slurm.read("hangs")) !== "");
    watch.kill("SIGINT");
    const { stdout } = await watch.ended;
    assert.match(stdout, /queued of \d+ shards/);
    assert.doesNotMatch(stdout, /did not answer/);
  }));

Deno.test("a squeue without any answer is no proof that the jobs are gone: retry submits nothing", () =>
  onSlurm(async ({ slurm, must }) => {
    await must(["submit"]);
    await slurm.replace("squeue", "exit 0");
    assert.match((await must(["retry"], 4)).stderr, /squeue printed nothing, not even a header/);
    assert.deepEqual(await slurm.queued(), ["101", "102"]);
  }));

Deno.test("on a login node of another cluster, which knows no job of the run, retry submits nothing and reports why", () =>
  onSlurm(async ({ slurm, must }) => {
    await must(["submit"]);
    await slurm.replace("squeue", "echo 'nsfarm|JOBID|STATE|REASON|NODELIST|COMMENT|NAME'");
    await slurm.write("cluster", "two");
    const { stderr } = await must(["retry"], 4);
    assert.match(stderr, /this machine uses the cluster "two", the jobs were submitted to "one"/);
    assert.deepEqual(await slurm.queued(), ["101", "102"]);
    await slurm.write("cluster", "one");
    await must(["retry"]);
    assert.deepEqual(await slurm.queued(), ["101", "102", "103", "104"]);
  }));

Deno.test("a job that a site's sbatch has queued twice, and says so, is named by submit and status", () =>
  onSlurm(async ({ slurm, must }) => {
    await slurm.onSubmit('echo "$((id + 800)) $name $tasks" >>"$here/queue"; echo "$((id + 800))"');
    const twice = /^slurm queued the same shards as jobs 101 and 901: each shard still counts once; cancel job 901 by/m;
    assert.match((await must(["submit"])).stdout, twice);
    assert.match((await must(["status"])).stdout, twice);
  }));

for (const [what, ended] of [["both wait", ""], ["the one of the id has ended", "101"]] as const) {
  Deno.test(`a job that a site's sbatch has queued twice is cancelled with the other one of its name (${what})`, () =>
    onSlurm(async ({ slurm, must }) => {
      await slurm.onSubmit('echo "$((id + 800)) $name $tasks" >>"$here/queue"');
      await must(["submit"]);
      assert.deepEqual(await slurm.queued(), ["101", "901", "102", "902"]);
      if (ended !== "") await slurm.write("queue", (await slurm.read("queue")).replace(/^101 .*\n/, "").trimEnd());
      await must(["cancel"]);
      assert.deepEqual(await slurm.queued(), []);
    }));
}

Deno.test("status waits about ten seconds for a squeue that hangs, shows the state by the files, and starts no other program", () =>
  onSlurm(async ({ slurm, must }) => {
    await must(["submit"]);
    const squeue = await slurm.read("bin/squeue");
    await slurm.replace("squeue", `sleep 40\n${squeue}`);
    const { stdout } = await must(["status"]);
    assert.match(stdout, /slurm did not answer: no answer in time/);
  }));

Deno.test("cancel names a worker on another machine, which it cannot stop, and exits 4 until the run is whole", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 2, shards: 1 });
    const { farm: { run_token } } = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
    const process = { host: "login2", boot_id: "another-boot", pid: 7, start_ticks: "70" };
    const loop = {
      token: "0123456789abcdef",
      run_token,
      process,
      slots: 1,
      started_at_utc: "2026-01-01T00:00:00.000Z",
    };
    const document = { schema_version: WORKER_SCHEMA, ...loop, beats: 3, beat_interval_s: 40 };
    const path = join(dir, "claims", `worker_${loop.token}.json`);
    await writeFile(path, JSON.stringify(document));
    assert.match((await mustRun(folder, ["cancel", dir], 4)).stdout, /^a worker on login2 may still run; cancel/m);
    await writeFile(path, JSON.stringify({ ...document, pilot: true }));
    assert.match((await mustRun(folder, ["cancel", dir])).stdout, /^no job of this run is running or queued/m);
    await writeFile(path, JSON.stringify(document));
    await mustRun(folder, ["work", dir]);
    await mustRun(folder, ["cancel", dir]);
    await rm(path);
  }));
