import assert from "node:assert/strict";
import htcondor from "../../../schedulers/htcondor.ts";
import { exampleContext, TOKEN } from "../../fixtures/context.ts";
import { answer, handle, recorded } from "../support/recorded.ts";

Deno.test("condor_submit: the cluster is read from the range of jobs, with late materialization too, and among banners", () => {
  assert.deepEqual(htcondor.readSubmit(recorded("condor-submit-terse")), { kind: "ok", value: "2" });
  assert.deepEqual(htcondor.readSubmit(recorded("condor-submit-terse-latemat")), { kind: "ok", value: "10" });
  assert.deepEqual(htcondor.readSubmit(answer("Welcome, 3.1 users\n7.0 - 7.39\n")), { kind: "ok", value: "7" });
});

for (const name of ["badsub2", "missing-exe", "syntax-error"]) {
  Deno.test(`condor_submit: ${name} is a refusal, with its reason`, () => {
    const read = htcondor.readSubmit(recorded(`condor-submit-${name}`, 1));
    assert.equal(read.kind, "refused");
    if (read.kind === "refused") assert.match(read.message, /^ERROR: /);
  });
}

Deno.test("condor_submit: a full queue is a refusal of the number of jobs alone", () => {
  assert.deepEqual(htcondor.readSubmit(recorded("condor-submit-max-jobs-per-owner", 1)), {
    kind: "refused",
    message: "ERROR: Failed to create proc; Number of submitted jobs would exceed MAX_JOBS_PER_OWNER",
    queue_full: true,
  });
});

for (const name of ["schedd-down", "no-collector"]) {
  Deno.test(`condor_submit: ${name} is unclear`, () => {
    assert.equal(htcondor.readSubmit(recorded(`condor-submit-${name}`, 1)).kind, "unclear");
  });
}

Deno.test("condor_submit: after a lost commit or an unknown message the jobs may be queued", () => {
  const texts = [
    "\nERROR: Failed to commit job submission into the queue.\n",
    "\nERROR: your project is out of hours\n",
  ];
  for (const text of texts) {
    const read = htcondor.readSubmit(answer("", 1, text));
    assert.deepEqual([read.kind, "answered" in read && read.answered], ["unclear", true], text);
  }
});

Deno.test("condor_submit: only the token identifies the cluster among several ranges", () => {
  const read = htcondor.readSubmit(answer("3.0 - 3.7\n7.0 - 7.39\n"));
  assert.deepEqual("ids" in read && read.ids, ["3", "7"]);
});

Deno.test("condor_submit: a hanging schedd is unclear", () => {
  assert.equal(htcondor.readSubmit(recorded("condor-submit-schedd-hung", null)).kind, "unclear");
});

Deno.test("a lost submission is found among banners only by its token", () => {
  const read = (text: string) => htcondor.readFind(answer(text), TOKEN);
  assert.deepEqual(read(`Welcome\nnsfarm|5|nsfarm-${TOKEN}\nnsfarm|5|nsfarm-${TOKEN}\n`), { kind: "ok", value: "5" });
  assert.deepEqual(read(""), { kind: "ok", value: null });
  assert.deepEqual(read("nsfarm|5|nsfarm-fedcba9876543210\n"), { kind: "ok", value: null });
  assert.equal(htcondor.readFind(recorded("condor-q-schedd-down", 1), TOKEN).kind, "unclear");
});

Deno.test("cancel selects jobs by our attribute, and single jobs also by their number", () => {
  const argv = (shards: number[] | null) =>
    htcondor.cancel(exampleContext(), [handle("5", 4)], shards).map((one) => one.argv);
  assert.deepEqual(argv(null), [["condor_rm", "-constraint", `NsfarmToken =?= "nsfarm-${TOKEN}"`]]);
  assert.deepEqual(argv([1, 3]), [[
    "condor_rm",
    "-constraint",
    `NsfarmToken =?= "nsfarm-${TOKEN}" && member(ProcId, {1, 3})`,
  ]]);
  assert.deepEqual(argv([9]), []);
});

Deno.test("condor_rm without a match is no error, without a connection it is", () => {
  assert.equal(htcondor.readCancel([recorded("condor-rm-long")]).kind, "ok");
  assert.equal(htcondor.readCancel([recorded("condor-rm-nonexistent", 1)]).kind, "ok");
  assert.equal(htcondor.readCancel([recorded("condor-rm-schedd-down", 1)]).kind, "unclear");
});

Deno.test("the probe reads the version, the least limit on jobs, and the machines", () => {
  const limits = htcondor.readProbe([
    recorded("condor-version"),
    answer("20000\n100000\n"),
    answer(
      "nsfarm|e1.example.org|Unclaimed|64|128000|example.org\nnsfarm|e2.example.org|Claimed|undefined|undefined|e2\n",
    ),
    answer("Example.ORG\n"),
  ]);
  assert.equal(limits.version, "23.9.6");
  assert.equal(limits.max_submit_jobs, 20000);
  assert.deepEqual(limits.places?.map(({ name, state, cpus, memory_mb }) => [name, state, cpus, memory_mb]), [
    ["e1.example.org", "unclaimed", 64, 128000],
    ["e2.example.org", "claimed", null, null],
  ]);
  assert.deepEqual(limits.places?.map((place) => place.shares_files), [true, false]);
});

Deno.test("the probe of a pool that does not answer has no limits", () => {
  const nothing = answer("", 1, "error");
  assert.deepEqual(htcondor.readProbe([nothing, nothing, nothing]), {
    max_array_size: null,
    max_submit_jobs: null,
    accounting: true,
    places: [],
  });
});

Deno.test("the adapter runs no program that it did not declare", () => {
  const context = exampleContext(undefined, { options: { "condor-max-idle": 5 } });
  const chunk = htcondor.render(context).chunks[0];
  assert.ok(chunk);
  const handles = [{ job_id: "1", token: TOKEN, chunk }];
  const commands = [
    ...htcondor.probe(),
    htcondor.submit(context, chunk, TOKEN),
    htcondor.find(context, TOKEN),
    ...[0, 1, 2].flatMap((round) => htcondor.query(context, handles, round)),
    ...htcondor.cancel(context, handles, null),
  ];
  for (const { argv } of commands) assert.ok(htcondor.programs.includes(argv[0] ?? ""), argv[0]);
});
