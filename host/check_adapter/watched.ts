import * as z from "zod/mini";
import { ShardState } from "../../core/contracts/kinds.ts";
import { PoolNode } from "../../core/contracts/sweep.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { firstIssue } from "../../core/read_output.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";

/** A member that threw, or gave something of another kind than wanted. */
export class MemberFault extends Error {
  constructor(readonly member: string, readonly tell: (doing: string) => string) {
    super(`${member} ${tell("")}`);
  }
}

const Command = z.looseObject({
  argv: z.array(z.string()),
  stdin: z.optional(z.string()),
  cwd: z.optional(z.string()),
  timeout_s: z.number(),
});
const File = z.looseObject({ path: z.string(), text: z.string(), executable: z.boolean() });
const Chunk = z.looseObject({ index: z.int(), shards: z.array(z.int()), tasks: z.optional(z.array(z.int())) });
const State = z.looseObject({
  token: z.string(),
  shard: z.nullable(z.int()),
  state: ShardState,
  native: z.string(),
  reason: z.nullable(z.string()),
  host: z.nullable(z.string()),
});

function answer(value: z.core.$ZodType) {
  const no = z.looseObject({ kind: z.enum(["refused", "unclear"]), message: z.string() });
  return z.union([z.looseObject({ kind: z.literal("ok"), value }), no]);
}

/** What each member gives. */
const GIVEN = {
  render: z.looseObject({
    files: z.array(File),
    chunks: z.array(Chunk),
    warnings: z.array(z.string()),
    by_hand: z.array(z.array(z.string())),
    folders: z.optional(z.array(z.string())),
  }),
  probe: z.array(Command),
  readProbe: z.looseObject({}),
  submit: Command,
  readSubmit: answer(z.string().check(z.minLength(1))),
  find: Command,
  readFind: answer(z.nullable(z.string().check(z.minLength(1)))),
  query: z.array(Command),
  readQuery: answer(z.array(State)),
  cancel: z.array(Command),
  readCancel: answer(z.null()),
  eventLogs: z.array(z.string()),
  readEventLogs: z.array(State),
  finish: z.looseObject({ files: z.array(File), command: Command }),
  jobLogs: z.array(z.string()),
  eventsOf: z.string(),
  avoiding: z.string().check(z.minLength(1)),
  readJobLog: z.nullable(z.looseObject({ state: ShardState, reason: z.string() })),
  pool: z.array(Command),
  readPool: z.array(PoolNode),
};

/** The same adapter, each of whose members throws a MemberFault where it gives something else than it has to. */
export function watched(adapter: SchedulerAdapter): SchedulerAdapter {
  const watch = <A extends unknown[], R>(member: keyof typeof GIVEN, call: (...args: A) => R) => (...args: A): R => {
    const value = called(member, () => call.apply(adapter, args));
    const parsed = GIVEN[member].safeParse(value);
    if (parsed.success) return value;
    throw new MemberFault(member, (doing) => `gives something else ${doing} than wanted: ${firstIssue(parsed.error)}`);
  };
  const { eventLogs, readEventLogs, eventsOf, finish, jobLogs, avoiding, readJobLog, pool, readPool } = adapter;
  return {
    ...adapter,
    render: watch("render", adapter.render),
    probe: watch("probe", adapter.probe),
    readProbe: watch("readProbe", adapter.readProbe),
    submit: watch("submit", adapter.submit),
    readSubmit: watch("readSubmit", adapter.readSubmit),
    find: watch("find", adapter.find),
    readFind: watch("readFind", adapter.readFind),
    query: watch("query", adapter.query),
    readQuery: watch("readQuery", adapter.readQuery),
    cancel: watch("cancel", adapter.cancel),
    readCancel: watch("readCancel", adapter.readCancel),
    ...(eventLogs ? { eventLogs: watch("eventLogs", eventLogs) } : {}),
    ...(readEventLogs ? { readEventLogs: watch("readEventLogs", readEventLogs) } : {}),
    ...(eventsOf ? { eventsOf: watch("eventsOf", eventsOf) } : {}),
    ...(avoiding ? { avoiding: watch("avoiding", avoiding) } : {}),
    ...(finish ? { finish: watch("finish", finish) } : {}),
    ...(jobLogs ? { jobLogs: watch("jobLogs", jobLogs) } : {}),
    ...(readJobLog ? { readJobLog: watch("readJobLog", readJobLog) } : {}),
    ...(pool ? { pool: watch("pool", pool) } : {}),
    ...(readPool ? { readPool: watch("readPool", readPool) } : {}),
  };
}

/** A refusal in words for the user (FarmError) is no fault: who called says whether it may be. */
function called<T>(member: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof FarmError) throw error;
    throw new MemberFault(member, (doing) => `throws ${doing}: ${errorText(error)}`);
  }
}
