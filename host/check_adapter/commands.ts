import type { Chunk, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { exampleContext, exampleHandle, TOKEN } from "./example_run.ts";
import { type AdapterFinding, askAnd, finding, type MemberCheck } from "./finding.ts";
import { filesFindings } from "./rendered.ts";

const SHARDS = 40;

/** Every command is one that may be run, and what is submitted bears its token. */
export const COMMAND_CHECKS = {
  probe: (adapter) => [
    ...askAnd("probe", "without a user", () => adapter.probe()),
    ...askAnd("probe", "for a user", () => adapter.probe("x; id")),
  ],
  find: (adapter) =>
    askAnd("find", "for a token", () => adapter.find(exampleContext(adapter, { shards: SHARDS }), TOKEN)),
  cancel: (adapter) => [
    ...askAnd("cancel", "for all shards", () => cancelled(adapter, null)),
    ...askAnd("cancel", "for two shards", () => cancelled(adapter, [1, 3])),
  ],
  submit: submitFindings,
  finish: (adapter) =>
    askAnd(
      "finish",
      "for a run",
      () => adapter.finish?.(exampleContext(adapter), [exampleHandle(4)], TOKEN),
      (finish) => filesFindings("finish", finish?.files ?? []),
    ),
  eventLogs: (adapter) =>
    askAnd("eventLogs", "for a job", () => adapter.eventLogs?.([exampleHandle(4), exampleHandle(1, "../../x")])),
  jobLogs: (adapter) => askAnd("jobLogs", "for a job", () => adapter.jobLogs?.(exampleHandle(4), 3)),
  pool: (adapter) => askAnd("pool", "before a run", () => adapter.pool?.()),
} satisfies Record<string, MemberCheck>;

const cancelled = (adapter: SchedulerAdapter, shards: number[] | null) =>
  adapter.cancel(exampleContext(adapter, { shards: SHARDS }), [exampleHandle(SHARDS)], shards);

function submitFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  const context = exampleContext(adapter, { shards: 10_001 });
  const submitted = () => chunksOf(adapter, context).map((chunk) => adapter.submit(context, chunk, TOKEN));
  return askAnd(
    "submit",
    "each chunk of 10,001 shards",
    submitted,
    (commands) =>
      commands.flatMap(({ argv, stdin = "" }) =>
        [...argv, stdin].some((word) => word.includes(TOKEN)) ? [] : [
          finding("submit", "does not hand on the token, so that a lost answer could not be settled"),
        ]
      ),
  );
}

/** What render itself does wrong is told of render. */
function chunksOf(adapter: SchedulerAdapter, context: RenderContext): Chunk[] {
  try {
    return adapter.render(context).chunks;
  } catch {
    return [];
  }
}
