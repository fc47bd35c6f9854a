import type { Answer, CommandResult, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { exampleContext, exampleHandle, TOKEN } from "./example_run.ts";
import { type AdapterFinding, askAnd, finding, type MemberCheck } from "./finding.ts";

/** What a command printed and how it ended. */
function result(change: Partial<CommandResult> = {}): CommandResult {
  return { exit_code: 0, signal: null, stdout: "", stderr: "", timed_out: false, spawn_error: null, ...change };
}

/** Calls that were never answered: nothing can be concluded from them. */
export const UNANSWERED: [string, CommandResult][] = [
  ["a call that was stopped", result({ exit_code: null, timed_out: true })],
  ["a call that was killed", result({ exit_code: null, signal: "SIGKILL" })],
  ["a program that is not there", result({ exit_code: null, spawn_error: "No such file or directory" })],
  ["a daemon that is down", result({ exit_code: 1, stderr: "Unable to contact the server: Connection refused\n" })],
  ["an error without a word", result({ exit_code: 1 })],
];

/** Answers of exit 0 that tell of nothing. */
export const EMPTY: [string, CommandResult][] = [
  ["an empty answer", result()],
  ["an empty list", result({ stdout: "[]\n" })],
  ["an empty object", result({ stdout: "{}\n" })],
  ["a banner", result({ stdout: "*** Welcome to the cluster; maintenance on Monday 9:00 ***\n" })],
  ["a page", result({ stdout: "<html>404 not found</html>\n" })],
  ["half a document", result({ stdout: '{"jobs": [{"id": 17, "state": "COMPLE' })],
];

const ALL = [...UNANSWERED, ...EMPTY];

/** Nothing is concluded from what was never answered, or tells of nothing. */
export const ANSWER_CHECKS = {
  readProbe: (adapter) => [
    ...ALL.flatMap(([what, one]) => askAnd("readProbe", `on ${what}`, () => adapter.readProbe([one, one, one, one]))),
    ...askAnd("readProbe", "on no answer", () => adapter.readProbe([])),
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
  readPool: (adapter) =>
    EMPTY.flatMap(([what, one]) =>
      askAnd(
        "readPool",
        `on ${what}`,
        () => adapter.readPool?.([one, one]) ?? [],
        ([node]) => node ? [finding("readPool", `tells of the machine "${node.name}" after ${what}`)] : [],
      )
    ),
  eventsOf: ({ eventsOf }) =>
    ["", "no log at all\n"].flatMap((text) =>
      askAnd("eventsOf", "on a log that tells nothing", () => eventsOf?.(text, exampleHandle(4), 3))
    ),
  avoiding: (adapter) =>
    askAnd(
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
  return askAnd(member, `on ${what}`, read, (answer) =>
    answer.kind !== "ok" || answer.value === null ? [] : [
      finding(member, `reads the job id "${answer.value}" out of ${what}`),
    ]);
}

function notOk(member: string, what: string, read: () => Answer<unknown>): AdapterFinding[] {
  return askAnd(
    member,
    `on ${what}`,
    read,
    ({ kind }) => kind === "ok" ? [finding(member, `takes ${what} for an answer, wanted "unclear"`)] : [],
  );
}

/** A submission that was stopped may have been taken: to call it refused would submit its shards twice. */
function stoppedFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  return UNANSWERED.slice(0, 2).flatMap(([what, one]) =>
    askAnd(
      "readSubmit",
      `on ${what}`,
      () => adapter.readSubmit(one),
      ({ kind }) =>
        kind === "refused" ? [finding("readSubmit", `calls ${what} refused, though the job may be there`)] : [],
    )
  );
}
