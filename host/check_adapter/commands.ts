import { isAbsolute } from "node:path/posix";
import type { Chunk, Command, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { exampleContext, exampleHandle, TOKEN } from "./example_run.ts";
import { askAnd, type Finding, finding } from "./finding.ts";
import { filesFindings, placeFindings } from "./rendered.ts";

/** The longest word that a program can be given (execve(2), MAX_ARG_STRLEN). */
const WORD_BYTES = 131_072;

/** Every command is argv of a declared program, and what is submitted bears its token. */
export function commandFindings(adapter: SchedulerAdapter): Finding[] {
  const context = exampleContext(adapter, { shards: 40 });
  const handles = [exampleHandle(40)];
  const look = (member: string, doing: string, call: () => Command[]) =>
    askAnd(member, doing, call, (all) => all.flatMap((one) => wordsFindings(adapter, member, one)));
  return [
    ...look("probe", "without a user", () => adapter.probe()),
    ...look("probe", "for a user", () => adapter.probe("x; id")),
    ...look("find", "for a token", () => [adapter.find(context, TOKEN)]),
    ...look("query", "in round 0", () => adapter.query(context, handles, 0)),
    ...look("query", "in round 1", () => adapter.query(context, handles, 1)),
    ...look("pool", "before a run", () => adapter.pool?.() ?? []),
    ...look("cancel", "for all shards", () => adapter.cancel(context, handles, null)),
    ...look("cancel", "for two shards", () => adapter.cancel(context, handles, [1, 3])),
    ...submitFindings(adapter),
    ...finishFindings(adapter),
    ...logFindings(adapter),
  ];
}

function wordsFindings({ programs }: SchedulerAdapter, member: string, { argv, timeout_s, cwd }: Command): Finding[] {
  const [program = ""] = argv;
  const long = argv.some((word) => new TextEncoder().encode(word).length >= WORD_BYTES);
  return [
    ...(programs.includes(program) ? [] : [finding(member, `runs "${program}", which is not among its programs`)]),
    ...(argv.some((word) => word.includes("\0")) ? [finding(member, "has a null byte in a word")] : []),
    ...(long ? [finding(member, `has a word of ${WORD_BYTES} bytes or more, which no program can be given`)] : []),
    ...(timeout_s > 0 && timeout_s <= 3600
      ? []
      : [finding(member, `has timeout_s ${timeout_s}, wanted up to an hour`)]),
    ...(cwd === undefined || isAbsolute(cwd) ? [] : [finding(member, `has the relative cwd "${cwd}"`)]),
  ];
}

function submitFindings(adapter: SchedulerAdapter): Finding[] {
  const context = exampleContext(adapter, { shards: 10_001 });
  const chunks = chunksOf(adapter, context);
  const submitted = () => chunks.map((chunk) => adapter.submit(context, chunk, TOKEN));
  return askAnd("submit", "each chunk of 10,001 shards", submitted, (commands) =>
    commands.flatMap((command) => [
      ...wordsFindings(adapter, "submit", command),
      ...([...command.argv, command.stdin ?? ""].some((word) => word.includes(TOKEN)) ? [] : [
        finding("submit", "does not hand on the token, so that a lost answer could not be settled"),
      ]),
    ]));
}

/** What render itself does wrong is told of render. */
function chunksOf(adapter: SchedulerAdapter, context: RenderContext): Chunk[] {
  try {
    return adapter.render(context).chunks;
  } catch {
    return [];
  }
}

function finishFindings(adapter: SchedulerAdapter): Finding[] {
  const { finish } = adapter;
  if (!finish) return [];
  const context = exampleContext(adapter);
  return askAnd("finish", "for a run", () => finish(context, [exampleHandle(4)], TOKEN), ({ files, command }) => [
    ...filesFindings("finish", files),
    ...wordsFindings(adapter, "finish", command),
  ]);
}

function logFindings(adapter: SchedulerAdapter): Finding[] {
  const handle = exampleHandle(4);
  const places = (member: string, call: () => string[]) =>
    askAnd(member, "for a job", call, (paths) => paths.flatMap((path) => placeFindings(member, path)));
  return [
    ...places("eventLogs", () => adapter.eventLogs?.([handle, exampleHandle(1, "../../x")]) ?? []),
    ...places("jobLogs", () => adapter.jobLogs?.(handle, 3) ?? []),
  ];
}
