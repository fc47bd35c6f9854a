import assert from "node:assert/strict";
import slurm from "../../../schedulers/slurm.ts";
import { exampleContext, TOKEN } from "../../fixtures/context.ts";
import { answer, recorded } from "../support/recorded.ts";

Deno.test("sbatch: the id is found alone, with a cluster's name, without --parsable, and among a site's banners", () => {
  const id = (text: string) => slurm.readSubmit(answer(text));
  assert.deepEqual(slurm.readSubmit(recorded("slurm-sbatch-parsable-array")), { kind: "ok", value: "3" });
  assert.deepEqual(slurm.readSubmit(recorded("slurm-sbatch-plain")), { kind: "ok", value: "2" });
  assert.deepEqual(id("4711;cluster2\n"), { kind: "ok", value: "4711" });
  assert.deepEqual(id("Welcome to 2 clusters!\n*** 5 jobs queued ***\n4711\nBye\n"), { kind: "ok", value: "4711" });
});

Deno.test("sbatch: an id counts despite a warning about a repeated attempt (sisyphus#281)", () => {
  const result = answer("4711\n", 0, "sbatch: Slurm temporarily unable to accept job, sleeping and retrying\n");
  assert.deepEqual(slurm.readSubmit(result), { kind: "ok", value: "4711" });
});

for (
  const name of ["array-too-large", "bad-partition", "crlf", "dep-bad", "empty-script", "mem-too-large", "no-script"]
) {
  Deno.test(`sbatch: ${name} is a refusal, with its reason`, () => {
    const read = slurm.readSubmit(recorded(`slurm-sbatch-${name}`, 1));
    assert.equal(read.kind, "refused");
    if (read.kind === "refused") assert.match(read.message, /sbatch: error/);
  });
}

Deno.test("sbatch: a submit limit is a refusal of the number of jobs alone, another limit is not", () => {
  const POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
  const isFull = (code: string) => {
    const text = `sbatch: error: ${code}\nsbatch: error: Batch job submission failed: ${POLICY}\n`;
    const read = slurm.readSubmit(answer("", 1, text));
    return [read.kind, "queue_full" in read && read.queue_full];
  };
  for (const code of ["AssocMaxSubmitJobLimit", "QOSMaxSubmitJobPerUserLimit", "QOSGrpSubmitJobsLimit"]) {
    assert.deepEqual(isFull(code), ["refused", true], code);
  }
  for (const code of ["QOSMaxWallDurationPerJobLimit", "AssocMaxCpuPerJobLimit"]) {
    assert.deepEqual(isFull(code), ["refused", false], code);
  }
});

Deno.test("sbatch: a refusal is reported with advice", () => {
  const read = slurm.readSubmit(recorded("slurm-sbatch-bad-partition", 1));
  assert.match(read.kind === "refused" ? read.message : "", /sinfo lists the partitions/);
});

Deno.test("sbatch: an unknown message is no refusal: the queue decides", () => {
  const texts = [
    "sbatch: Fehler: Stapelverarbeitung fehlgeschlagen: Zeitlimit überschritten\n",
    "sbatch: error: Batch job submission failed: Unspecified error\n",
    "sbatch: error: site plugin: over the monthly budget\n",
  ];
  for (const text of texts) {
    const read = slurm.readSubmit(answer("", 1, text));
    assert.deepEqual([read.kind, "answered" in read && read.answered], ["unclear", true], text);
  }
});

for (const text of ["12\n4711\n", "4711\n12\n"]) {
  Deno.test(`sbatch: only the token identifies the id in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(slurm.readSubmit(answer(text)), {
      kind: "unclear",
      ids: text.trim().split("\n"),
      message: text.trim().replace("\n", "; "),
    });
  });
}

for (const words of ["Invalid job id specified", "Job/step already completing or completed"]) {
  Deno.test(`scancel: a job that is gone needs no cancelling (${words})`, () => {
    const line = (id: number, text: string) => `scancel: error: Kill job error on job id ${id}: ${text}\n`;
    const read = (text: string) => slurm.readCancel([answer("", 1, text)]).kind;
    assert.equal(read(line(156, words) + line(157, words)), "ok");
    assert.equal(read(line(156, words) + line(157, "Access/permission denied")), "unclear");
    assert.equal(read(""), "unclear");
  });
}

Deno.test("sbatch: an unknown option is a refusal (exit 255)", () => {
  const text = "sbatch: unrecognized option '--nonesuch=1'\nTry \"sbatch --help\" for more information\n";
  assert.equal(slurm.readSubmit(answer("", 255, text)).kind, "refused");
});

for (const name of ["ctld-down", "ctld-hung"]) {
  Deno.test(`sbatch: after ${name} it is unclear whether the job exists`, () => {
    assert.equal(slurm.readSubmit(recorded(`slurm-sbatch-${name}`, 1)).kind, "unclear");
  });
}

Deno.test("sbatch: no answer in time, exit 0 without id, silence, and an id with an error are unclear", () => {
  assert.equal(slurm.readSubmit(answer("", null)).kind, "unclear");
  assert.equal(slurm.readSubmit(answer("ok\n")).kind, "unclear");
  assert.equal(slurm.readSubmit(answer("", 1)).kind, "unclear");
  assert.equal(slurm.readSubmit(answer("47\n", 1, "sbatch: error: something\n")).kind, "unclear");
});

Deno.test("a missing sbatch is a refusal that says so", () => {
  const read = slurm.readSubmit({ ...answer("", null), timed_out: false, spawn_error: 'Failed to spawn "sbatch"' });
  assert.deepEqual(read, { kind: "refused", message: 'sbatch cannot be started: Failed to spawn "sbatch"' });
});

Deno.test("a lost submission is found only by its token", () => {
  const found = (token: string) => slurm.readFind(recorded("slurm-squeue-find"), token);
  assert.deepEqual(found(TOKEN), { kind: "ok", value: "43" });
  assert.deepEqual(found("fedcba9876543210"), { kind: "ok", value: null });
  assert.deepEqual(found(""), { kind: "ok", value: null });
});

Deno.test("a lost submission is found by its comment if the site renamed the job", () => {
  const text = `nsfarm|99|nsfarm:${TOKEN}|site-job-17\n`;
  assert.deepEqual(slurm.readFind(answer(text), TOKEN), { kind: "ok", value: "99" });
});

Deno.test("a search without an answer is unclear", () => {
  assert.equal(slurm.readFind(recorded("slurm-squeue-ctld-down", 1), TOKEN).kind, "unclear");
});

Deno.test("the probe reads the limits, the partitions and that there is no accounting", () => {
  const results = [recorded("slurm-scontrol-show-config-whole"), recorded("slurm-sinfo")];
  assert.deepEqual(slurm.readProbe(results), {
    cluster: "test20003",
    max_array_size: 101,
    max_submit_jobs: null,
    job_age_s: 60,
    version: "24.11.5",
    accounting: false,
    places: ["main", "urgent"].map((name) => ({
      name,
      state: "up",
      nodes: 2,
      cpus: 4,
      memory_mb: 4000,
      time_limit: null,
    })),
  });
});

Deno.test("the probe reads an association's limit, or that of its default QOS if it is smaller", () => {
  const associations = answer("a||100|normal\nb|long||normal\nc||5|debug\n");
  const qos = answer("normal|50\ndebug|1\nfree|\n");
  const { submit_limits } = slurm.readProbe([
    recorded("slurm-scontrol-show-config"),
    recorded("slurm-sinfo"),
    associations,
    qos,
  ]);
  assert.deepEqual(submit_limits, [
    { account: "a", partition: null, qos: null, max_submit_jobs: 50 },
    { account: "b", partition: "long", qos: null, max_submit_jobs: 50 },
    { account: "c", partition: null, qos: null, max_submit_jobs: 1 },
    { account: null, partition: null, qos: "normal", max_submit_jobs: 50 },
    { account: null, partition: null, qos: "debug", max_submit_jobs: 1 },
  ]);
});

Deno.test("the probe of a Slurm that does not answer has no limits, and a user's name is never a pattern", () => {
  assert.deepEqual(slurm.readProbe([recorded("slurm-scontrol-ctld-down", 1), answer("", 1)]), { places: [] });
  assert.equal(slurm.probe("me,root").length, 2);
  assert.equal(slurm.probe("-x").length, 2);
  assert.equal(slurm.probe("j.doe").length, 4);
});

Deno.test("the adapter runs no program that it did not declare", () => {
  const context = exampleContext();
  const chunk = slurm.render(context).chunks[0];
  assert.ok(chunk);
  const handles = [{ job_id: "1", token: TOKEN, chunk }];
  const commands = [
    ...slurm.probe("me"),
    slurm.submit(context, chunk, TOKEN),
    slurm.find(),
    ...[0, 1, 2].flatMap((round) => slurm.query(context, handles, round)),
    ...slurm.cancel(context, handles, null),
  ];
  for (const { argv } of commands) assert.ok(slurm.programs.includes(argv[0] ?? ""), argv[0]);
});

Deno.test("the probe reads what Slurm enforces, and which partitions give whole nodes", () => {
  const config = "ClusterName             = c\nAccountingStorageEnforce = associations,limits,qos\n";
  const sinfo =
    "compute|up|4|0/8/0/8|4000|8:00:00|EXCLUSIVE\nshared|up|2|0/4/0/4|4000|infinite|NO\nold|up|2|0/4/0/4|4000|1:00\n";
  const limits = slurm.readProbe([answer(config), answer(sinfo)]);
  assert.deepEqual(limits.enforced, ["associations", "limits", "qos"]);
  assert.deepEqual(limits.places?.map(({ name, whole_nodes = false }) => [name, whole_nodes]), [
    ["compute", true],
    ["shared", false],
    ["old", false],
  ]);
  const none = slurm.readProbe([answer("AccountingStorageEnforce = none\n"), answer("")]);
  assert.equal("enforced" in none, false);
});
