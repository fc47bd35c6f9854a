import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { slotsOn } from "../../core/worker_backends.ts";
import { checkAdapter } from "../../runtime/plugin/check/check.ts";
import {
  ADAPTER_CALLS,
  AdapterFacts,
  type Answer,
  type Command,
  type NativeState,
  type Rendered,
  type RenderedFile,
  type SchedulerAdapter,
  type WorkerBackend,
} from "../../schedulers/adapter.ts";
import htcondor from "../../schedulers/htcondor.ts";
import local from "../../schedulers/local.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import slurm from "../../schedulers/slurm.ts";
import { root } from "../../scripts/tools.ts";

/** What a worker loop has in common with an adapter, with the rest of one: the same checks go over its files and options. */
function asBatch({ name, summary, options, render }: WorkerBackend): SchedulerAdapter {
  const { inJob: _, ...rest } = slurm;
  return { ...rest, name, summary, options, render };
}

for (const [name, load] of Object.entries(BUILT_IN)) {
  Deno.test(`the built-in adapter ${name} keeps the contract of adapters`, async () => {
    const { default: backend } = await load();
    assert.deepEqual(checkAdapter(backend.kind === "worker" ? asBatch(backend) : backend), []);
    assert.equal(backend.name, name);
  });
}

Deno.test("local and ssh are the only worker loops in documents, on this machine and on hosts", async () => {
  const found = Object.entries(BUILT_IN).map(async ([name, load]) => [name, (await load()).default.slots_on]);
  assert.deepEqual(await Promise.all(found), Object.keys(BUILT_IN).map((name) => [name, slotsOn(name)]));
  assert.deepEqual(Object.keys(BUILT_IN).filter(slotsOn), ["local", "ssh"]);
});

const good: SchedulerAdapter = slurm;

/** One that writes no files. */
const bare = asBatch(local);

/** An adapter that has every function. */
const whole: SchedulerAdapter = { ...slurm, ...htcondor, readJobLog: slurm.readJobLog };

Deno.test("plugin check calls every function, and finds a value of the wrong type", () => {
  const wrong = () => ({ wrong: true });
  const others = ADAPTER_CALLS.filter((member) => member !== "render");
  const findings = [
    ...checkAdapter({ ...whole, render: wrong }),
    ...checkAdapter({ ...whole, ...Object.fromEntries(others.map((member) => [member, wrong])) }),
  ];
  assert.deepEqual([...new Set(findings.map((one) => one.member))], ADAPTER_CALLS);
  for (const { what } of findings) assert.match(what, /^returns a wrong value /);
});

Deno.test("the page on adapters names every function and every fact of the contract", () => {
  const page = readFileSync(join(root, "docs/writing-an-adapter.md"), "utf8");
  const names = [...ADAPTER_CALLS, ...Object.keys(AdapterFacts.shape)];
  assert.deepEqual(names.filter((name) => !new RegExp(`\`${name}\`|^ {2}${name}[:,]`, "m").test(page)), []);
});

/** A good adapter that was broken in one way. */
const but = (change: Record<string, unknown>): unknown => ({ ...good, ...change });

/** One whose render is changed afterwards. */
const rendering = (change: (rendered: Rendered) => Rendered) =>
  but({ render: (context: Parameters<typeof good.render>[0]) => change(good.render(context)) });

/** One that writes one more file, whose text is made of the run directory. */
const writing = (path: string, text: (run_dir: string) => string = () => "", base = good): SchedulerAdapter => ({
  ...base,
  render: (context) => {
    const rendered = base.render(context);
    const file: RenderedFile = { path, text: text(context.run_dir), executable: false };
    return { ...rendered, files: [...rendered.files, file] };
  },
});

const option = (change: Record<string, unknown>) =>
  but({ options: [{ name: "x", type: "string", help: "h", ...change }] });
const command = (argv: string[]): Command => ({ argv, timeout_s: 60 });
const fail = (): never => {
  throw new Error("oh");
};
const ok = <T>(value: T): Answer<T> => ({ kind: "ok", value });
const state = (change: Partial<NativeState>): NativeState => ({
  token: "0123456789abcdef",
  shard: 0,
  state: "running",
  native: "R",
  reason: null,
  host: null,
  ...change,
});

let calls = 0;

for (
  const [what, adapter, member, reported] of [
    ["is no object", null, "default", /is no object/],
    ["is of another version", but({ apiVersion: 2 }), "apiVersion", /knows apiVersion 1/],
    ["has no version", but({ apiVersion: undefined }), "apiVersion", /is missing/],
    ["has a name that is no name", but({ name: "My Scheduler" }), "name", /small letters/],
    ["has no summary", but({ summary: "" }), "summary", /one line of text/],
    ["has no readQuery", but({ readQuery: undefined }), "readQuery", /is missing/],
    ["has a text in place of a function", but({ cancel: "scancel" }), "cancel", /is no function/],
    ["has a wrong optional member", but({ finish: true }), "finish", /is no function/],
    ["has a pool that is no function", but({ pool: ["sinfo"] }), "pool", /is no function/],
    ["has eventsOf that is no function", but({ eventsOf: "" }), "eventsOf", /is no function/],
    ["has pool without readPool", but({ readPool: undefined }), "readPool", /is missing, though pool is there/],
    ["asks a shell about its pool", but({ pool: () => [command(["sh", "-c", "id"])] }), "pool", /runs "sh"/],
    ["gives no commands for its pool", but({ pool: () => "sinfo" }), "pool", /returns a wrong value/],
    ["throws on a pool that says nothing", but({ readPool: () => fail() }), "readPool", /throws on an empty answer/],
    [
      "tells of machines that nobody named",
      but({ readPool: () => [{ name: "n1", state: "idle", cpus: 1, cpus_busy: 0, load: 0 }] }),
      "readPool",
      /tells of the machine "n1" after an empty answer/,
    ],
    ["throws on a log without events", but({ eventsOf: () => fail() }), "eventsOf", /throws on a log/],
    ["avoids a node without naming it", but({ avoiding: () => "--slurm-exclude x" }), "avoiding", /and the node/],
    [
      "shows a secret to its records",
      but({ inJob: { record: ["X_API_KEY"] } }),
      "inJob",
      /"X_API_KEY" may hold a secret/,
    ],
    [
      "shows what is no variable",
      but({ inJob: { job_id: ["$(id)"] } }),
      "inJob",
      /job_id\.0: wanted the name of an env/,
    ],
    ["shows what there is not", but({ inJob: { taskId: ["X"] } }), "inJob", /unknown "taskId"/],
    ["counts CPUs by nothing", but({ inJob: { cpus: [{ with: "X" }] } }), "inJob", /cpus\.0\.variable/],
    ["ends at nothing", but({ inJob: { ends_at: [{ with: "X" }] } }), "inJob", /wanted a variable or an option/],
    [
      "ends by an option that it does not have",
      but({ inJob: { ends_at: [{ option: "slurm-tyme" }] } }),
      "inJob",
      /there is no option "slurm-tyme"/,
    ],
    ["has no limits", but({ limits: undefined }), "limits", /is missing/],
    ["counts from -1", but({ limits: { ...good.limits, first_index: -1 } }), "limits", /first_index/],
    ["wants no program", but({ programs: [] }), "programs", /./],
    ["wants a shell", but({ programs: [...good.programs, "bash"] }), "programs", /"bash" runs whatever/],
    ["wants an interpreter", but({ programs: ["python3.12"] }), "programs", /"python3\.12" runs whatever/],
    ["wants a program that starts programs", but({ programs: ["env"] }), "programs", /"env" runs whatever/],
    ["wants a program by its path", but({ programs: ["/usr/bin/sbatch"] }), "programs", /no bare name/],
    ["wants a program that looks like a flag", but({ programs: ["-sbatch"] }), "programs", /no bare name/],
    ["has an option without a type", option({ type: undefined }), "options", /type/],
    ["has an option of a type that there is not", option({ type: "colour" }), "options", /type/],
    ["has an option without help", option({ help: undefined }), "options", /help/],
    ["has an option with an empty help", option({ help: " " }), "options", /help: wanted one line/],
    ["has an option whose name is no flag", option({ name: "--x" }), "options", /name: wanted a flag's name/],
    [
      "has an option whose pattern is none",
      option({ pattern: "(" }),
      "options",
      /pattern: wanted a regular expression/,
    ],
    [
      "has an option whose default its pattern refuses",
      option({ pattern: "[0-9]+", default: "a" }),
      "options",
      /--x has a default/,
    ],
    [
      "has an option whose default is below its least",
      option({ type: "integer", min: 1, default: 0 }),
      "options",
      /--x has a default/,
    ],
    [
      "has an option whose default is above its most",
      option({ type: "integer", max: 1, default: 2 }),
      "options",
      /--x has a default/,
    ],
    [
      "has an option whose default is not among its choices",
      option({ choices: ["a"], default: "b" }),
      "options",
      /--x has a default/,
    ],
    [
      "has an option twice",
      but({ options: [...good.options, good.options[0]] }),
      "options",
      /--slurm-cpus-per-task is there twice/,
    ],
    [
      "has two options that limit the time",
      but({ options: good.options.map((one) => ({ ...one, role: "time" })) }),
      "options",
      /two limit the time/,
    ],
    ["writes to an absolute path", writing("/etc/cron.d/x"), "render", /names the path "\/etc\/cron\.d\/x"/],
    ["writes above the run directory", writing("../x"), "render", /names the path "\.\.\/x"/],
    ["writes above it by a detour", writing("logs/../../x"), "render", /names the path "logs\/\.\.\/\.\.\/x"/],
    ["writes a path with a line break", writing("a\nb"), "render", /names the path "a\\nb"/],
    ["writes the run's manifest", writing("manifest.json"), "render", /a name that belongs to the run itself/],
    ["writes a shard's output", writing("shard_3.out.json"), "render", /a name that belongs to the run itself/],
    ["writes an attempt", writing("attempts/shard_0.1.json"), "render", /a name that belongs to the run itself/],
    ["writes one file twice", writing("slurm_array_job.sh"), "render", /writes "slurm_array_job\.sh" twice/],
    ["leaves a tag of a template", writing("x", () => "a {{run_id}} b"), "render", /leaves a tag of a template in "x"/],
    [
      "makes a folder elsewhere",
      rendering((all) => ({ ...all, folders: ["../logs"] })),
      "render",
      /names the path "\.\.\/logs"/,
    ],
    [
      "writes paths without quotes into a script",
      writing("x.sh", (dir) => `#!/bin/sh\ncd ${dir}\n`),
      "render",
      /does not take "\$HOME" in the run_dir literally in "x\.sh"/,
    ],
    [
      "writes paths in double quotes into a script",
      writing("x.sh", (dir) => `#!/bin/sh\ncd "${dir}"\n`),
      "render",
      /does not take "`id`" in the run_dir literally/,
    ],
    [
      "writes paths in single quotes of its own into a script",
      writing("x.sh", (dir) => `#!/bin/sh\ncd '${dir}'\n`),
      "render",
      /does not take "it's" in the run_dir literally/,
    ],
    [
      "writes paths into a comment",
      writing("x.sh", (dir) => `#!/bin/sh\n# for ${dir}\n`, bare),
      "render",
      /does not take "a\\nb" in the run_dir literally/,
    ],
    [
      "writes line breaks of paths into a file",
      writing("x.sub", (dir) => `initialdir = ${dir}\n`, bare),
      "render",
      /does not take "a\\nb" in the run_dir literally in "x\.sub"/,
    ],
    [
      "fills in tags that a path holds",
      writing("x.sub", (dir) => dir.replace(/\{\{\w+\}\}|\n/, "")),
      "render",
      /does not take "\{\{name\}\}" in the run_dir literally/,
    ],
    [
      "leaves out a shard",
      rendering((all) => ({
        ...all,
        chunks: all.chunks.map(({ index, shards }) => ({ index, shards: shards.slice(1) })),
      })),
      "render",
      /does not put each shard into one chunk/,
    ],
    [
      "gives a shard twice",
      rendering((all) => ({ ...all, chunks: [...all.chunks, { index: all.chunks.length, shards: [0], tasks: [0] }] })),
      "render",
      /does not put each shard into one chunk/,
    ],
    [
      "numbers its chunks wrong",
      rendering((all) => ({ ...all, chunks: all.chunks.map((chunk) => ({ ...chunk, index: chunk.index + 1 })) })),
      "render",
      /numbers chunk 0 as 1/,
    ],
    [
      "tells fewer tasks than shards",
      rendering((all) => ({ ...all, chunks: all.chunks.map((chunk) => ({ ...chunk, tasks: [] })) })),
      "render",
      /tasks: wanted one number for each of shards/,
    ],
    [
      "renders something else each time",
      rendering((all) => ({ ...all, warnings: [`${calls++}`] })),
      "render",
      /something else the second time/,
    ],
    [
      "throws at 10,001 shards",
      rendering((all) => {
        if (all.chunks.length > 1) throw new RangeError("too many");
        return all;
      }),
      "render",
      /throws for 10001 shards: too many/,
    ],
    [
      "refuses every run",
      but({
        render: () => {
          throw new FarmError("usage", "no");
        },
      }),
      "render",
      /refuses for 1 shards: no/,
    ],
    [
      "changes the manifest",
      but({
        render: (context: Parameters<typeof good.render>[0]) => {
          const rendered = good.render(context);
          context.manifest.seed = 1;
          return rendered;
        },
      }),
      "render",
      /changes what it was given/,
    ],
    [
      "names a program to type that it does not have",
      rendering((all) => ({ ...all, by_hand: [["sh", "x"]] })),
      "render",
      /names "sh" to type by hand/,
    ],
    [
      "asks by a program that it did not declare",
      but({ query: () => [command(["curl", "x"])] }),
      "query",
      /runs "curl"/,
    ],
    [
      "submits by a program that it did not declare",
      but({ submit: () => command(["qsub", "0123456789abcdef"]) }),
      "submit",
      /runs "qsub"/,
    ],
    ["probes by a program that it did not declare", but({ probe: () => [command([])] }), "probe", /runs ""/],
    [
      "waits for ever",
      but({ find: () => ({ argv: ["squeue"], timeout_s: 1e6 }) }),
      "find",
      /timeout_s: 1000000 s, wanted up to an hour/,
    ],
    [
      "cancels in another folder",
      but({ cancel: () => [{ ...command(["scancel"]), cwd: "x" }] }),
      "cancel",
      /relative cwd/,
    ],
    [
      "submits without the token",
      but({ submit: () => command(["sbatch", "x"]) }),
      "submit",
      /does not contain the token/,
    ],
    [
      "submits in a word that is too long",
      but({ submit: () => command(["sbatch", "0123456789abcdef".repeat(10_000)]) }),
      "submit",
      /a word of 131072 bytes or more/,
    ],
    [
      "finishes outside of the run directory",
      but({ finish: () => ({ files: [{ path: "/x", text: "", executable: true }], command: command(["sbatch"]) }) }),
      "finish",
      /names the path "\/x"/,
    ],
    ["reads logs elsewhere", but({ jobLogs: () => ["/var/log/slurm.log"] }), "jobLogs", /names the path/],
    [
      "names an event log by an id that is a path",
      but({
        eventLogs: (handles: { job_id: string }[]) => handles.map(({ job_id }) => `logs/${job_id}.log`),
        readEventLogs: () => [],
      }),
      "eventLogs",
      /names the path "logs\/\.\.\/\.\.\/x\.log"/,
    ],
    ["has event logs that it cannot read", but({ eventLogs: () => [] }), "readEventLogs", /is missing/],
    [
      "reads a job id out of anything",
      but({ readSubmit: () => ok("1") }),
      "readSubmit",
      /reads the job id "1" out of a banner/,
    ],
    [
      "reads a job id out of any number",
      but({
        readSubmit: ({ stdout }: { stdout: string }) => {
          const id = /\d+/.exec(stdout)?.[0];
          return id === undefined ? { kind: "unclear", message: "no answer" } : ok(id);
        },
      }),
      "readSubmit",
      /reads the job id "9" out of a banner/,
    ],
    [
      "calls a submission refused that was only stopped",
      but({ readSubmit: () => ({ kind: "refused", message: "no" }) }),
      "readSubmit",
      /refused, though the job may be there/,
    ],
    [
      "finds nothing where it could not look",
      but({ readFind: () => ok(null) }),
      "readFind",
      /takes a daemon that is down for an answer/,
    ],
    [
      "finds a job in an empty answer",
      but({ readFind: () => ok("17") }),
      "readFind",
      /reads the job id "17" out of an empty answer/,
    ],
    [
      "takes a failed cancel for a good one",
      but({ readCancel: () => ok(null) }),
      "readCancel",
      /takes a call that was stopped for an answer/,
    ],
    [
      "throws on a probe that failed",
      but({ readProbe: ([first]: { stdout: string }[]) => JSON.parse(first?.stdout ?? "") }),
      "readProbe",
      /throws on/,
    ],
    [
      "makes one call a shard",
      but({
        query: (_: unknown, handles: { chunk: { shards: number[] } }[], round: number) =>
          round > 0 ? [] : handles.flatMap((handle) => handle.chunk.shards.map(() => command(["squeue"]))),
      }),
      "query",
      /makes 1, 10001, 10000 calls/,
    ],
    [
      "makes one call a submission",
      but({
        query: (_: unknown, handles: unknown[], round: number) =>
          round > 0 ? [] : handles.map(() => command(["squeue"])),
      }),
      "query",
      /makes 1, 1, 25 calls/,
    ],
    [
      "asks about nothing",
      but({ query: (_: unknown, __: unknown, round: number) => round > 0 ? [] : [command(["squeue"])] }),
      "query",
      /asks although nothing was submitted/,
    ],
    [
      "asks without end",
      but({ query: (_: unknown, handles: unknown[]) => handles.length > 0 ? [command(["squeue"])] : [] }),
      "query",
      /still asks in round 3/,
    ],
    [
      "takes a failed call for an empty queue",
      but({ readQuery: () => ok([]) }),
      "readQuery",
      /takes a daemon that is down for an answer/,
    ],
    [
      "calls what is absent done",
      but({
        readQuery: ([one]: { exit_code: number | null }[]) =>
          one?.exit_code === 0 ? ok([state({ state: "done" })]) : { kind: "unclear", message: "no answer" },
      }),
      "readQuery",
      /calls shard 0 done after an empty answer: absent is not finished/,
    ],
    [
      "calls what is absent from history done",
      but({
        readQuery: ([one]: { exit_code: number | null }[], _: unknown, round: number) =>
          one?.exit_code === 0
            ? ok(round > 0 ? [state({ state: "done" })] : [])
            : { kind: "unclear", message: "no answer" },
      }),
      "readQuery",
      /calls shard 0 done/,
    ],
    [
      "tells of other people's jobs",
      but({
        readQuery: ([one]: { exit_code: number | null }[]) =>
          one?.exit_code === 0 ? ok([state({ token: "f".repeat(16) })]) : { kind: "unclear", message: "no answer" },
      }),
      "readQuery",
      /of a submission that was not asked about/,
    ],
    [
      "tells a state that there is not",
      but({
        readQuery: ([one]: { exit_code: number | null }[]) =>
          one?.exit_code === 0 ? ok([{ ...state({}), state: "completed" }]) : { kind: "unclear", message: "no answer" },
      }),
      "readQuery",
      /returns a wrong value on an empty answer/,
    ],
    [
      "throws on half an answer",
      but({ readQuery: ([one]: { stdout: string }[]) => ok(JSON.parse(one?.stdout ?? "")) }),
      "readQuery",
      /throws on half a document/,
    ],
    [
      "calls a job done without a log",
      but({
        eventLogs: (handles: unknown[]) => handles.map(() => "x"),
        readEventLogs: () => [state({ state: "done" })],
      }),
      "readEventLogs",
      /calls shard 0 done/,
    ],
    [
      "calls a job done by what it printed",
      but({ readJobLog: () => ({ state: "done", reason: "" }) }),
      "readJobLog",
      /done by its own output/,
    ],
  ] satisfies [string, unknown, string, RegExp][]
) {
  Deno.test(`plugin check finds an adapter that ${what}, and names ${member}`, () => {
    const findings = checkAdapter(adapter);
    assert.deepEqual([...new Set(findings.map((one) => one.member))], [member]);
    assert.ok(findings.some((one) => reported.test(one.what)), findings.map((one) => one.what).join("\n"));
  });
}
