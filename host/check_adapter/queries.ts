import type { Answer, Handle, NativeState, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { EMPTY, UNANSWERED } from "./answers.ts";
import { exampleContext, exampleHandle } from "./example_run.ts";
import { type AdapterFinding, askAnd, finding, type MemberCheck } from "./finding.ts";

/** The host asks at most so many rounds. */
const ROUNDS = 3;

const HANDLES = [exampleHandle(3), exampleHandle(2, "18", "fedcba9876543210")];

/** Absent is not finished; what could not be asked is unknown; one call asks for all. */
export const QUERY_CHECKS = {
  query: callFindings,
  readQuery: (adapter) => [
    ...UNANSWERED.flatMap(([what, one]) =>
      askAnd(
        "readQuery",
        `on ${what}`,
        () => adapter.readQuery([one, one], HANDLES, 0),
        (answer) => isUnknown(answer) ? [] : [finding("readQuery", `takes ${what} for an answer, wanted "unclear"`)],
      )
    ),
    ...EMPTY.flatMap(([what, one]) =>
      [0, 1].flatMap((round) =>
        askAnd(
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
      askAnd(
        "readEventLogs",
        "on a log that tells nothing",
        () => readEventLogs?.(HANDLES.map(() => text), HANDLES) ?? [],
        (states) => stateFindings("readEventLogs", states, "a log that tells nothing"),
      )
    ),
  readJobLog: ({ readJobLog }) =>
    askAnd(
      "readJobLog",
      "on a log",
      () => readJobLog?.("shard 3: done\n") ?? null,
      (word) => word?.state === "done" ? [finding("readJobLog", "calls a job done by its own output")] : [],
    ),
} satisfies Record<string, MemberCheck>;

/** Nothing was told, or of all shards that nobody knows. */
function isUnknown(answer: Answer<NativeState[]>): boolean {
  return answer.kind !== "ok" || (answer.value.length > 0 && answer.value.every(({ state }) => state === "unknown"));
}

function callFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  const context = exampleContext(adapter);
  const count = (handles: Handle[], round = 0) => adapter.query(context, handles, round).length;
  const many = Array.from({ length: 25 }, (_, i) => exampleHandle(400, `${i + 1}`, `${i + 10}`.padStart(16, "0")));
  return askAnd(
    "query",
    "for many shards",
    () => [count([exampleHandle(1)]), count([exampleHandle(10_001)]), count(many)],
    (calls) => [
      ...askAnd("query", "in round 1", () => adapter.query(context, HANDLES, 1)),
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

/** States of ours only, of shards that were asked about, and none of them an end that nobody told of. */
function stateFindings(member: string, states: NativeState[], what: string): AdapterFinding[] {
  return states.flatMap(({ token, shard, state }) => {
    const handle = HANDLES.find((one) => one.token === token);
    const known = handle !== undefined && (shard === null || handle.chunk.shards.includes(shard));
    if (!known) return [finding(member, `tells of shard ${shard} of a submission that was not asked about`)];
    return state === "done" ? [finding(member, `calls shard ${shard} done after ${what}: absent is not finished`)] : [];
  });
}
