import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startPlugin } from "../../runtime/plugin/adapt.ts";
import { readPlugin } from "../../runtime/plugin/read.ts";
import type { Handle, NativeState } from "../../schedulers/adapter.ts";
import { exampleContext, exampleManifest } from "../fixtures/context.ts";
import { recordedText } from "../schedulers/support/recorded.ts";
import { assertGolden } from "../support/golden.ts";

const TOKEN = "0123456789abcdef";
const file = fileURLToPath(new URL("../../plugins/gridengine.ts", import.meta.url));
const trusted = new Set([0, Deno.uid() ?? 0, Deno.statSync(file).uid ?? 0]);
const { adapter, close } = startPlugin(readPlugin(file, trusted));
addEventListener("unload", close);

const result = (stdout: string, more: Partial<ReturnType<typeof good>> = {}) => ({ ...good(stdout), ...more });
const good = (stdout: string) => ({
  exit_code: 0 as number | null,
  signal: null,
  stdout,
  stderr: "",
  timed_out: false,
  spawn_error: null as string | null,
});

/** The recorded array of eight tasks. */
const job_id = recordedText("gridengine-qsub-terse").split(".")[0] ?? "";
const handle: Handle = {
  job_id,
  token: TOKEN,
  chunk: { index: 0, shards: [10, 11, 12, 13, 14, 15, 16, 17], tasks: [1, 2, 3, 4, 5, 6, 7, 8] },
};

const words = (states: NativeState[]) => states.map(({ shard, state, host }) => `${shard} ${state} ${host}`);

Deno.test("golden: the script of a Grid Engine array, in awkward folders", () => {
  const manifest = exampleManifest(4, { options: { setup: ["module load gcc"], "gridengine-queue": "long.q" } });
  const { files } = adapter.render(exampleContext(manifest, { run_dir: "/shared/it's $HOME/a, b:c" }));
  assertGolden("gridengine_job.sh", files[0]?.text ?? "");
});

Deno.test("Every option is a word of qsub of its own, and no path is in an option where a comma would divide it", () => {
  const options = {
    "gridengine-queue": "long.q,short.q",
    "gridengine-project": "hep",
    "gridengine-time": "08:00:00",
    "gridengine-memory": "2G",
    "gridengine-pe": "smp",
    "gridengine-slots": 4,
    "gridengine-resource": ["arch=lx-amd64", "ssd"],
    "gridengine-throttle": 10,
    env: ["X509_USER_PROXY"],
  };
  const context = exampleContext(exampleManifest(4, { options }));
  const [chunk = { index: 0, shards: [] }] = adapter.render(context).chunks;
  const { argv } = adapter.submit(context, chunk, TOKEN);
  assert.equal(
    argv.join(" "),
    "qsub -terse -N nsfarm-0123456789abcdef -t 1-4 -S /bin/sh -wd / -o /dev/null -j y -r n -notify -tc 10 " +
      "-q long.q,short.q -P hep -l h_rt=08:00:00 -l h_vmem=2G -l arch=lx-amd64 -l ssd -pe smp 4 " +
      "-v X509_USER_PROXY /shared/runs/demo/gridengine_job.sh from 0",
  );
});

Deno.test("Several slots without a parallel environment are refused as wrong usage", () => {
  const context = exampleContext(exampleManifest(4, { options: { "gridengine-slots": 4 } }));
  assert.throws(() => adapter.render(context), /Cannot use --gridengine-slots 4 without a parallel environment/);
});

Deno.test("Arrays are no larger than Grid Engine allows, tasks count from 1, and every shard is in one of them", () => {
  const context = exampleContext(exampleManifest(10), { limits: { max_array_size: 4 }, shards: [0, 1, 2, 3, 4, 7, 9] });
  const { chunks } = adapter.render(context);
  assert.deepEqual(chunks.map(({ shards, tasks }) => [shards, tasks]), [
    [[0, 1, 2, 3], [1, 2, 3, 4]],
    [[4, 7, 9], [1, 2, 3]],
  ]);
  assert.deepEqual(adapter.submit(context, chunks[1] ?? { index: 0, shards: [] }, TOKEN).argv.slice(-4), [
    "of",
    "4",
    "7",
    "9",
  ]);
});

Deno.test("qsub's answers: an id, also one beside a warning; a refusal; and silence, which is no refusal", () => {
  assert.deepEqual(adapter.readSubmit(result(recordedText("gridengine-qsub-terse"))), { kind: "ok", value: job_id });
  const warned =
    'Unable to run job: warning: no suitable queues\nYour job-array 78.1-2:1 ("x") has been submitted\nExiting.';
  assert.deepEqual(adapter.readSubmit(result("", { exit_code: 1, stderr: warned })), { kind: "ok", value: "78" });
  for (const name of ["unknown-queue", "unknown-resource", "too-many-tasks"]) {
    const answer = adapter.readSubmit(
      result("", { exit_code: 1, stderr: recordedText(`gridengine-qsub-${name}.err`) }),
    );
    assert.equal(answer.kind, "refused", name);
  }
  for (const stderr of ["error: unable to resolve host", "Unable to run job: site policy: too late.\nExiting."]) {
    const answer = adapter.readSubmit(result("", { exit_code: 1, stderr }));
    assert.deepEqual([answer.kind, "answered" in answer && answer.answered], ["unclear", true], stderr);
  }
  const several = adapter.readSubmit(result("17\n78.1-2:1\n"));
  assert.deepEqual("ids" in several && several.ids, ["17", "78"], "only the token can tell which is the job's");
  const silent = recordedText("gridengine-qsub-no-master.err");
  assert.equal(adapter.readSubmit(result("", { exit_code: 1, stderr: silent })).kind, "unclear");
  assert.equal(adapter.readSubmit(result("", { exit_code: null, stdout: "" })).kind, "unclear");
  assert.equal(adapter.readSubmit(result("", { exit_code: null, spawn_error: "no such file" })).kind, "refused");
});

Deno.test("qstat tells of running tasks, of those that share a row, and of none that is somebody else's", () => {
  const answer = adapter.readQuery([result(recordedText("gridengine-qstat-xml"))], [handle], 0);
  assert.ok(answer.kind === "ok");
  assert.deepEqual(words(answer.value), [
    "13 running localhost",
    "14 running localhost",
    "15 queued null",
    "16 queued null",
    "17 queued null",
  ]);
  const other = adapter.readQuery([result(recordedText("gridengine-qstat-xml"))], [{ ...handle, token: "00" }], 0);
  assert.deepEqual(other, { kind: "ok", value: [] }, "an id alone is not believed");
});

Deno.test("An empty queue is an answer; no answer, or half of one, is none", () => {
  const empty = result(recordedText("gridengine-qstat-xml-empty"));
  assert.deepEqual(adapter.readQuery([empty], [handle], 0), { kind: "ok", value: [] });
  assert.deepEqual(adapter.readFind(empty, TOKEN), { kind: "ok", value: null });
  const half = result(recordedText("gridengine-qstat-xml").slice(0, 900));
  const silent = result("", { exit_code: 1, stderr: recordedText("gridengine-qstat-no-master.err") });
  for (const bad of [half, silent, result("", { exit_code: null, timed_out: true })]) {
    assert.equal(adapter.readQuery([bad], [handle], 0).kind, "unclear");
    assert.equal(adapter.readFind(bad, TOKEN).kind, "unclear");
  }
});

Deno.test("A submission whose answer was lost is found by its token", () => {
  const found = adapter.readFind(result(recordedText("gridengine-qstat-xml")), TOKEN);
  assert.deepEqual(found, { kind: "ok", value: job_id });
});

Deno.test("Accounting tells done, failed, killed and out of time apart; without accounting nothing is said", () => {
  const answer = adapter.readQuery([result(recordedText("gridengine-qacct-array"))], [handle], 1);
  assert.ok(answer.kind === "ok");
  assert.deepEqual(words(answer.value), [
    "10 done localhost",
    "11 failed localhost",
    "12 failed localhost",
    "13 timed_out localhost",
    "14 timed_out localhost",
  ]);
  const none = result("", { exit_code: 1, stderr: recordedText("gridengine-qacct-unknown.err") });
  assert.deepEqual(adapter.readQuery([none], [handle], 1), { kind: "ok", value: [] });
});

Deno.test("Every letter of qstat's state is known", () => {
  const states = {
    r: "running",
    t: "running",
    qw: "queued",
    hqw: "held",
    Eqw: "held",
    dr: "running",
    Rr: "running",
    s: "running",
    S: "running",
    T: "running",
    Rq: "queued",
  };
  for (const [letters, state] of Object.entries(states)) {
    const xml = recordedText("gridengine-qstat-xml").replaceAll("<state>qw</state>", `<state>${letters}</state>`);
    const answer = adapter.readQuery([result(xml)], [handle], 0);
    assert.ok(answer.kind === "ok");
    assert.equal(answer.value.find(({ shard }) => shard === 16)?.state, state, letters);
  }
});

Deno.test("Jobs are cancelled by the name that has the token in it, tasks by their ranges", () => {
  const argv = (shards: number[] | null) =>
    adapter.cancel(exampleContext(), [handle], shards).map((one) => one.argv.join(" "));
  assert.deepEqual(argv(null), ["qdel nsfarm-0123456789abcdef"]);
  assert.deepEqual(argv([10, 11, 12, 15]), [
    "qdel nsfarm-0123456789abcdef -t 1-3",
    "qdel nsfarm-0123456789abcdef -t 6-6",
  ]);
  const gone = result(recordedText("gridengine-qdel-unknown"), { exit_code: 1 });
  assert.deepEqual(adapter.readCancel([gone]), { kind: "ok", value: null });
  assert.equal(adapter.readCancel([result("", { exit_code: 1, stderr: "error: commlib error" })]).kind, "unclear");
});

Deno.test("The probe reads the largest array, the version and the queues", () => {
  const names = ["gridengine-qconf-sconf", "gridengine-qstat-queues", "gridengine-qstat-help"];
  const limits = adapter.readProbe(names.map((name) => result(recordedText(name))));
  assert.equal(limits.max_array_size, 75000);
  assert.match(limits.version ?? "", /8\.1\.9/);
  assert.deepEqual(limits.places?.map(({ name, cpus }) => [name, cpus]), [["all.q", 2]]);
  assert.deepEqual(adapter.readProbe(names.map(() => result("", { exit_code: 1 }))), { places: [] });
});

Deno.test("Tasks are held, released and limited by the name of their array, one range each", () => {
  const argvs = (commands: { argv: string[] }[] | undefined) => commands?.map(({ argv }) => argv.join(" "));
  const context = exampleContext();
  assert.deepEqual(argvs(adapter.hold?.(context, [handle], null)), [`qhold nsfarm-${TOKEN}`]);
  assert.deepEqual(argvs(adapter.hold?.(context, [handle], [10, 11, 14])), [
    `qhold nsfarm-${TOKEN} -t 1-2`,
    `qhold nsfarm-${TOKEN} -t 5-5`,
  ]);
  assert.deepEqual(argvs(adapter.release?.(context, [handle], [10])), [`qrls nsfarm-${TOKEN} -t 1-1`]);
  assert.deepEqual(argvs(adapter.throttle?.(context, [handle, handle], 3)), [
    `qalter -tc 2 nsfarm-${TOKEN}`,
    `qalter -tc 1 nsfarm-${TOKEN}`,
  ]);
  assert.deepEqual(argvs(adapter.throttle?.(context, [handle], null)), [`qalter -tc 0 nsfarm-${TOKEN}`]);
});

Deno.test("What has ended needs no hold, and a qmaster that is away is unclear", () => {
  const read = (name: string, exit_code: number) =>
    adapter.readSteer?.([result(recordedText(name), { exit_code })]).kind;
  for (const name of ["qhold", "qrls", "qalter-tc"]) assert.equal(read(`gridengine-${name}`, 0), "ok");
  assert.equal(read("gridengine-qhold-unknown", 3), "ok");
  assert.equal(read("gridengine-qalter-unknown", 1), "ok");
  assert.equal(read("gridengine-qstat-no-master", 1), "unclear");
});

Deno.test("A task that runs when its array is held is running", () => {
  const found = recordedText("gridengine-qstat-xml-held");
  const id = /<JB_job_number>(\d+)/.exec(found)?.[1] ?? "";
  const read = adapter.readQuery([result(found)], [{ ...handle, job_id: id }], 0);
  assert.deepEqual(read.kind === "ok" && read.value.map(({ state }) => state).sort(), [
    ...["held", "held", "held", "held", "held", "held", "running", "running"],
  ]);
});
