import { orElse } from "../../../core/errors.ts";
import type {
  Answer,
  Chunk,
  CommandResult,
  Handle,
  NativeState,
  RenderContext,
  SchedulerAdapter,
} from "../../../schedulers/adapter.ts";
import {
  type AdapterFinding,
  callAndCheck,
  exampleContext,
  exampleHandle,
  finding,
  type MemberCheck,
  TOKEN,
} from "./cases.ts";
import { filesFindings } from "./render.ts";

const SHARDS = 40;

/** Checks that every command uses a declared program, and that a submission carries its token. */
export const COMMAND_CHECKS = {
  probe: (adapter) => [
    ...callAndCheck("probe", "without a user", () => adapter.probe()),
    ...callAndCheck("probe", "for a user", () => adapter.probe("x; id")),
  ],
  find: (adapter) =>
    callAndCheck("find", "for a token", () => adapter.find(exampleContext(adapter, { shards: SHARDS }), TOKEN)),
  cancel: (adapter) => [
    ...callAndCheck("cancel", "for all shards", () => cancelled(adapter, null)),
    ...callAndCheck("cancel", "for two shards", () => cancelled(adapter, [1, 3])),
  ],
  fetch: (adapter) =>
    callAndCheck("fetch", "for a job", () => adapter.fetch?.(exampleContext(adapter), [exampleHandle(4)])),
  discard: (adapter) =>
    callAndCheck(
      "discard",
      "for two shards",
      () => adapter.discard?.(exampleContext(adapter), [exampleHandle(4)], [1, 3]),
    ),
  hold: (adapter) => steerFindings(adapter, "hold"),
  release: (adapter) => steerFindings(adapter, "release"),
  throttle: (adapter) =>
    [2, null].flatMap((most) =>
      callAndCheck(
        "throttle",
        most === null ? "without a limit" : `to ${most} jobs`,
        () => adapter.throttle?.(exampleContext(adapter), HANDLES, most),
      )
    ),
  submit: submitFindings,
  finish: (adapter) =>
    callAndCheck(
      "finish",
      "for a run",
      () => adapter.finish?.(exampleContext(adapter), [exampleHandle(4)], TOKEN),
      (finish) => filesFindings("finish", finish?.files ?? []),
    ),
  eventLogs: (adapter) =>
    callAndCheck("eventLogs", "for a job", () => adapter.eventLogs?.([exampleHandle(4), exampleHandle(1, "../../x")])),
  jobLogs: (adapter) => callAndCheck("jobLogs", "for a job", () => adapter.jobLogs?.(exampleHandle(4), 3)),
  pool: (adapter) => callAndCheck("pool", "before a run", () => adapter.pool?.()),
} satisfies Record<string, MemberCheck>;

const cancelled = (adapter: SchedulerAdapter, shards: number[] | null) =>
  adapter.cancel(exampleContext(adapter, { shards: SHARDS }), [exampleHandle(SHARDS)], shards);

function steerFindings(adapter: SchedulerAdapter, member: "hold" | "release"): AdapterFinding[] {
  const context = exampleContext(adapter, { shards: SHARDS });
  const call = (shards: number[] | null) => () => adapter[member]?.(context, [exampleHandle(SHARDS)], shards);
  return [
    ...callAndCheck(member, "for all shards", call(null)),
    ...callAndCheck(member, "for two shards", call([1, 3])),
    ...(adapter.readSteer ? [] : [finding("readSteer", `is missing, though ${member} is there`)]),
  ];
}

function submitFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  const context = exampleContext(adapter, { shards: 10_001 });
  const submitted = () => chunksOf(adapter, context).map((chunk) => adapter.submit(context, chunk, TOKEN));
  return callAndCheck(
    "submit",
    "each chunk of 10,001 shards",
    submitted,
    (commands) =>
      commands.flatMap(({ argv, stdin = "" }) =>
        [...argv, stdin].some((word) => word.includes(TOKEN)) ? [] : [
          finding("submit", "does not contain the token, so that a lost answer could not be resolved"),
        ]
      ),
  );
}

/** Returns the chunks of render; none where it fails, since the check of render reports that. */
const chunksOf = (adapter: SchedulerAdapter, context: RenderContext): Chunk[] =>
  orElse([], () => adapter.render(context).chunks);

function result(change: Partial<CommandResult> = {}): CommandResult {
  return { exit_code: 0, signal: null, stdout: "", stderr: "", timed_out: false, spawn_error: null, ...change };
}

/** Calls without an answer: they allow no conclusion. */
const UNANSWERED: [string, CommandResult][] = [
  ["a call that was stopped", result({ exit_code: null, timed_out: true })],
  ["a call that was killed", result({ exit_code: null, signal: "SIGKILL" })],
  ["a program that is not there", result({ exit_code: null, spawn_error: "No such file or directory" })],
  ["a daemon that is down", result({ exit_code: 1, stderr: "Unable to contact the server: Connection refused\n" })],
  ["an error without a word", result({ exit_code: 1 })],
];

/** Answers of exit code 0 without content. */
const EMPTY: [string, CommandResult][] = [
  ["an empty answer", result()],
  ["an empty list", result({ stdout: "[]\n" })],
  ["an empty object", result({ stdout: "{}\n" })],
  ["a banner", result({ stdout: "*** Welcome to the cluster; maintenance on Monday 9:00 ***\n" })],
  ["a page", result({ stdout: "<html>404 not found</html>\n" })],
  ["half a document", result({ stdout: '{"jobs": [{"id": 17, "state": "COMPLE' })],
];

const ALL = [...UNANSWERED, ...EMPTY];

/** Checks that no conclusion is drawn from calls without an answer or without content. */
export const ANSWER_CHECKS = {
  readProbe: (adapter) => [
    ...ALL.flatMap(([what, one]) =>
      callAndCheck("readProbe", `on ${what}`, () => adapter.readProbe([one, one, one, one]))
    ),
    ...callAndCheck("readProbe", "on no answer", () => adapter.readProbe([])),
  ],
  readSubmit: (adapter) => [
    ...ALL.flatMap(([what, one]) => idFindings("readSubmit", what, () => adapter.readSubmit(one))),
    ...idFindings(
      "readSubmit",
      "an error with a number",
      () => adapter.readSubmit(result({ exit_code: 1, stdout: "17\n", stderr: "error: job 17\n" })),
    ),
    ...stoppedFindings(adapter),
  ],
  readFind: (adapter) => [
    ...ALL.flatMap(([what, one]) => idFindings("readFind", what, () => adapter.readFind(one, TOKEN))),
    ...UNANSWERED.flatMap(([what, one]) => notOk("readFind", what, () => adapter.readFind(one, TOKEN))),
  ],
  readCancel: (adapter) =>
    UNANSWERED.flatMap(([what, one]) => notOk("readCancel", what, () => adapter.readCancel([one]))),
  readSteer: (adapter) =>
    UNANSWERED.flatMap(([what, one]) =>
      notOk("readSteer", what, () => adapter.readSteer?.([one]) ?? { kind: "unclear", message: what })
    ),
  readPool: (adapter) =>
    EMPTY.flatMap(([what, one]) =>
      callAndCheck(
        "readPool",
        `on ${what}`,
        () => adapter.readPool?.([one, one]) ?? [],
        ([node]) => node ? [finding("readPool", `tells of the machine "${node.name}" after ${what}`)] : [],
      )
    ),
  eventsOf: ({ eventsOf }) =>
    ["", "no log at all\n"].flatMap((text) =>
      callAndCheck("eventsOf", "on a log that tells nothing", () => eventsOf?.(text, exampleHandle(4), 3))
    ),
  avoiding: (adapter) =>
    callAndCheck(
      "avoiding",
      "for a node",
      () => adapter.avoiding?.(exampleContext(adapter).options, "n1") ?? "",
      (words) =>
        /^--[a-z]/.test(words) && words.includes("n1") ? [] : [
          finding("avoiding", `gives ${JSON.stringify(words)}, wanted a flag of retry and the node`),
        ],
    ),
} satisfies Record<string, MemberCheck>;

function idFindings(member: string, what: string, read: () => Answer<string | null>): AdapterFinding[] {
  return callAndCheck(member, `on ${what}`, read, (answer) =>
    answer.kind !== "ok" || answer.value === null ? [] : [
      finding(member, `reads the job id "${answer.value}" out of ${what}`),
    ]);
}

function notOk(member: string, what: string, read: () => Answer<unknown>): AdapterFinding[] {
  return callAndCheck(
    member,
    `on ${what}`,
    read,
    ({ kind }) => kind === "ok" ? [finding(member, `takes ${what} for an answer, wanted "unclear"`)] : [],
  );
}

/** Checks that a stopped submission is not called refused: its shards could be submitted twice. */
function stoppedFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  return UNANSWERED.slice(0, 2).flatMap(([what, one]) =>
    callAndCheck(
      "readSubmit",
      `on ${what}`,
      () => adapter.readSubmit(one),
      ({ kind }) =>
        kind === "refused" ? [finding("readSubmit", `calls ${what} refused, though the job may be there`)] : [],
    )
  );
}

/** Number of queries that the host makes at most. */
const ROUNDS = 3;

const HANDLES = [exampleHandle(3), exampleHandle(2, "18", "fedcba9876543210")];

/** Checks that absent is not finished, that unreachable is unknown, and that one call covers all jobs. */
export const QUERY_CHECKS = {
  query: callFindings,
  readQuery: (adapter) => [
    ...UNANSWERED.flatMap(([what, one]) =>
      callAndCheck(
        "readQuery",
        `on ${what}`,
        () => adapter.readQuery([one, one], HANDLES, 0),
        (answer) => isUnknown(answer) ? [] : [finding("readQuery", `takes ${what} for an answer, wanted "unclear"`)],
      )
    ),
    ...EMPTY.flatMap(([what, one]) =>
      [0, 1].flatMap((round) =>
        callAndCheck(
          "readQuery",
          `on ${what}`,
          () => adapter.readQuery([one, one], HANDLES, round),
          (answer) => answer.kind === "ok" ? stateFindings("readQuery", answer.value, what) : [],
        )
      )
    ),
  ],
  readEventLogs: ({ readEventLogs }) =>
    [null, "", "no log at all\n"].flatMap((text) =>
      callAndCheck(
        "readEventLogs",
        "on a log that tells nothing",
        () => readEventLogs?.(HANDLES.map(() => text), HANDLES) ?? [],
        (states) => stateFindings("readEventLogs", states, "a log that tells nothing"),
      )
    ),
  readJobLog: ({ readJobLog }) =>
    callAndCheck(
      "readJobLog",
      "on a log",
      () => readJobLog?.("shard 3: done\n") ?? null,
      (word) => word?.state === "done" ? [finding("readJobLog", "calls a job done by its own output")] : [],
    ),
} satisfies Record<string, MemberCheck>;

/** Whether an answer has no state, or only unknown ones. */
function isUnknown(answer: Answer<NativeState[]>): boolean {
  return answer.kind !== "ok" || (answer.value.length > 0 && answer.value.every(({ state }) => state === "unknown"));
}

function callFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  const context = exampleContext(adapter);
  const count = (handles: Handle[], round = 0) => adapter.query(context, handles, round).length;
  const many = Array.from({ length: 25 }, (_, i) => exampleHandle(400, `${i + 1}`, `${i + 10}`.padStart(16, "0")));
  return callAndCheck(
    "query",
    "for many shards",
    () => [count([exampleHandle(1)]), count([exampleHandle(10_001)]), count(many)],
    (calls) => [
      ...callAndCheck("query", "in round 1", () => adapter.query(context, HANDLES, 1)),
      ...(new Set(calls).size === 1 && Number(calls[0]) <= 2 ? [] : [
        finding(
          "query",
          `makes ${calls.join(", ")} calls for 1 shard, 10,001 shards, 25 submissions; wanted one for all`,
        ),
      ]),
      ...(count([]) === 0 ? [] : [finding("query", "asks although nothing was submitted")]),
      ...(count(many, ROUNDS) === 0 ? [] : [finding("query", `still asks in round ${ROUNDS}`)]),
    ],
  );
}

/** Returns the faults of states: of shards that were not queried, and ends that no answer reported. */
function stateFindings(member: string, states: NativeState[], what: string): AdapterFinding[] {
  return states.flatMap(({ token, shard, state }) => {
    const handle = HANDLES.find((one) => one.token === token);
    const known = handle !== undefined && (shard === null || handle.chunk.shards.includes(shard));
    if (!known) return [finding(member, `tells of shard ${shard} of a submission that was not asked about`)];
    return state === "done" ? [finding(member, `calls shard ${shard} done after ${what}: absent is not finished`)] : [];
  });
}
