import assert from "node:assert/strict";
import htcondor from "../../../schedulers/htcondor.ts";
import { readEventLog } from "../../../schedulers/htcondor/event_log.ts";
import { TOKEN } from "../../fixtures/context.ts";
import { handle, recordedText } from "../support/recorded.ts";

/** A recorded log whose submit events bear the token of `handle()`: it was made before there were tokens. */
const marked = (name: string) => recordedText(name).replaceAll(/^((?:000|035) .*)$/gm, `$1\n    nsfarm-${TOKEN}`);

const read = (text: string, id: string, procs: number | number[], token = TOKEN) =>
  htcondor.readEventLogs([text], [handle(id, procs, token)]);

const reported = (name: string, id: string, procs: number | number[] = 1) =>
  read(marked(name), id, procs).map(({ shard, state, reason, host }) => [shard, state, reason, host]);

Deno.test("event log: exit codes and signals of ended jobs", () => {
  assert.deepEqual(reported("condor-eventlog-exit3", "12"), [[
    0,
    "failed",
    "the job ended with an error (exit 3)",
    "vm",
  ]]);
  assert.deepEqual(reported("condor-eventlog-signal9", "11"), [[0, "failed", "the job was killed by signal 9", "vm"]]);
});

Deno.test("event log: condor_rm of a running and of a waiting job", () => {
  assert.deepEqual(reported("condor-eventlog-rm", "13", 2), [
    [0, "cancelled", "removed with condor_rm", null],
    [1, "cancelled", "removed with condor_rm", null],
  ]);
});

Deno.test("event log: a hold names the file that could not be transferred", () => {
  const [input] = reported("condor-eventlog-missing-input", "4");
  assert.equal(input?.[1], "held");
  assert.match(`${input?.[2]}`, /^its input files could not be sent: .*does_not_exist\.json/);
  const [output] = reported("condor-eventlog-missing-output", "6");
  assert.match(`${output?.[2]}`, /^its results could not be brought back: .*shard_0\.out\.json/);
});

Deno.test("event log: a job held for its time is timed out, also after our rule removed it", () => {
  assert.equal(reported("condor-eventlog-allowed-job-duration", "8")[0]?.[1], "timed_out");
  const text = recordedText("condor-eventlog-farm-time-limit");
  const states = read(text, "14", 2, "247dab4f3a6c481d");
  assert.deepEqual(
    states.map(({ state, native }) => [state, native]),
    Array(2).fill(["timed_out", "009 Job was aborted"]),
  );
});

Deno.test("event log: a hold or removal by a rule of the submit file is reported with the rule's text", () => {
  assert.deepEqual(reported("condor-eventlog-periodic-hold", "7")[0]?.slice(1, 3), [
    "held",
    "held by a rule of the submit file: nsfarm: over 3 s",
  ]);
  assert.match(
    `${reported("condor-eventlog-periodic-remove", "9")[0]?.[2]}`,
    /^removed: The job attribute PeriodicRemove/,
  );
});

Deno.test("event log: after its node was killed a job waits, then runs elsewhere", () => {
  const text = marked("condor-eventlog-node-killed");
  const until = (code: string) => read(`${text.slice(0, text.indexOf(`\n${code} (`) + 1)}`, "16", 1)[0];
  assert.match(until("024")?.reason ?? "", /^HTCondor lost contact with its machine and waits for it: Socket between/);
  assert.equal(until("024")?.state, "running");
  assert.deepEqual([until("004")?.state, until("004")?.reason], [
    "queued",
    "its machine disappeared; HTCondor restarts it elsewhere",
  ]);
  assert.equal(read(text, "16", 1)[0]?.state, "running");
});

Deno.test("event log: a schedd that was restarted finds its job again", () => {
  assert.deepEqual(reported("condor-eventlog-schedd-restart", "15"), [[0, "done", null, "vm"]]);
});

Deno.test("event log: a vacated job waits, then runs again", () => {
  const text = marked("condor-eventlog-vacated");
  const at = text.indexOf("\n...\n", text.indexOf("\n004 ")) + 5;
  const [after] = read(text.slice(0, at), "20", 1);
  assert.deepEqual([after?.state, after?.reason, after?.host], ["queued", "it was evicted from its machine", null]);
});

Deno.test("event log: jobs that late materialization has not created yet are waiting", () => {
  const states = reported("condor-eventlog-late-materialize-head", "10", 5);
  assert.deepEqual(states.map(([shard, state]) => [shard, state]), [
    [0, "done"],
    [1, "running"],
    [2, "queued"],
    [3, "queued"],
    [4, "queued"],
  ]);
  assert.match(`${states[4]?.[2]}`, /--condor-max-materialize/);
});

Deno.test("event log: a removed cluster also removes the jobs that it never created", () => {
  const states = reported("condor-eventlog-factory-rm", "14", 4);
  assert.deepEqual(states.map(([shard, state, reason]) => [shard, state, reason]), [
    [0, "cancelled", "removed with condor_rm"],
    [1, "cancelled", "removed with condor_rm"],
    [2, "cancelled", "removed before HTCondor created it"],
    [3, "cancelled", "removed before HTCondor created it"],
  ]);
});

Deno.test("event log: a complete run with late materialization and two shards per job is done", () => {
  const text = recordedText("condor-eventlog-farm-late-materialization");
  const chunk = { index: 0, shards: [0, 1, 2, 3, 4, 5], tasks: [0, 0, 1, 1, 2, 2] };
  const states = htcondor.readEventLogs([text], [{ job_id: "8", token: "13bbf4bdf73b4a7d", chunk }]);
  assert.deepEqual(
    states.map(({ shard, state, host }) => [shard, state, host]),
    [0, 1, 2, 3, 4, 5].map((i) => [i, "done", "e1"]),
  );
});

Deno.test("event log: a job that never starts is waiting, with the reason", () => {
  const states = read(
    recordedText("condor-eventlog-starter-fails").replaceAll("nsfarm-bad1", `nsfarm-${TOKEN}`),
    "4",
    3,
  );
  assert.deepEqual([states[0]?.state, states[0]?.reason], [
    "queued",
    "Can no longer talk to condor_starter <127.0.0.1:1799>",
  ]);
});

Deno.test("event log: an incomplete event is left for the next reading, wherever it is cut", () => {
  const text = marked("condor-eventlog-exit3");
  const whole = readEventLog(text);
  for (let length = 0; length < text.length; length++) {
    const events = readEventLog(text.slice(0, length));
    assert.deepEqual(events, whole.slice(0, events.length));
  }
});

Deno.test("event log: a log that begins in the middle of an event is read from the next event on", () => {
  const text = marked("condor-eventlog-rm");
  const events = readEventLog(text.slice(300));
  assert.deepEqual(events, readEventLog(text).slice(-events.length));
  assert.ok(events.length > 5);
});

Deno.test("event log: a cluster number reused for other jobs is not ours", () => {
  assert.deepEqual(read(recordedText("condor-eventlog-rm"), "13", 2), []);
  const both = marked("condor-eventlog-rm") + recordedText("condor-eventlog-rm").replaceAll("009 (013", "006 (013");
  assert.deepEqual(read(both, "13", 2), [], "a later submission of another token has taken the numbers");
});

Deno.test("event log: an absent, empty or foreign log gives no states", () => {
  for (const text of [null, "", "...\n...\n", "<html>\n...\n"]) {
    assert.deepEqual(htcondor.readEventLogs([text], [handle("13", 2)]), []);
  }
});

Deno.test("event logs are named by the cluster, and an id that is no number has none", () => {
  assert.deepEqual(htcondor.eventLogs([handle("13", 1), handle("../x", 1)]), [
    "logs/condor.13.log",
    "logs/condor.none.log",
  ]);
});

Deno.test("logs shows the events of the shard's job, without the usage", () => {
  const text = recordedText("condor-eventlog-farm-time-limit");
  const [, cluster] = /^000 \((\d+)\./m.exec(text) ?? [];
  const shown = htcondor.eventsOf(text, handle(`${Number(cluster)}`, 2), 0);
  const firsts = shown.split("\n").filter((line) => /^\d{3} \(/.test(line));
  assert.ok(firsts.length >= 4, shown);
  assert.ok(firsts.every((line) => line.includes(`(${cluster}.000.`)), shown);
  assert.match(shown, /^012 .* Job was held\.\n\tThe job exceeded allowed job duration/m);
  assert.doesNotMatch(shown, /Usr 0|Image size|Cpus|Run Bytes|^\s*$/m);
  assert.equal(htcondor.eventsOf("", handle("13", 2), 0), "");
});

Deno.test("only evictions, holds and removals explain why a job stopped", () => {
  const telling = (name: string) => {
    const text = recordedText(name);
    const cluster = Number(/^000 \((\d+)\./m.exec(text)?.[1]);
    const shown = htcondor.eventsOf(text, handle(`${cluster}`, 1), 0, true);
    return shown.split("\n").filter((line) => /^\d{3} \(/.test(line)).map((line) => line.slice(0, 3));
  };
  assert.deepEqual([...new Set(telling("condor-eventlog-vacated"))], ["004"]);
  assert.deepEqual(telling("condor-eventlog-farm-time-limit").at(0), "012");
  assert.deepEqual(telling("condor-eventlog-rm").at(-1), "009");
  assert.deepEqual(telling("condor-eventlog-exit3"), []);
});

Deno.test("the logs of a shard are those of its cluster and its job", () => {
  const chunk = { index: 0, shards: [4, 5, 6], tasks: [0, 0, 1] };
  assert.deepEqual(htcondor.jobLogs({ job_id: "13", token: TOKEN, chunk }, 5), [
    "logs/condor.13.log",
    "logs/condor.13.shard_4+5.out",
  ]);
});
