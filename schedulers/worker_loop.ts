import * as z from "zod/mini";
import type { ShardState } from "../core/contracts/kinds.ts";
import { Worker } from "../core/contracts/worker.ts";
import { readPrintedError } from "../core/errors.ts";
import { saying } from "./command_result.ts";
import { ADAPTER_API_VERSION, type Command, type CommandResult, type SchedulerAdapter } from "./adapter.ts";

/** What `work --ask --json` prints: the worker loops of a run that are alive on this machine. */
const WorkersAnswer = z.looseObject({
  workers: z.array(z.extend(Worker, { running: z.array(z.int()) })),
  /** Those whose files cannot be read. */
  unknown: z.optional(z.array(z.looseObject({ token: z.string(), why: z.string() }))),
});

const PROGRAM = "nsfarm-deno";

type Own = Pick<SchedulerAdapter, "name" | "summary" | "options" | "render"> & {
  /** Further words of `work`, which say where its shards run. */
  words: string[];
  sends_inputs?: boolean;
};

/**
 * A scheduler whose daemon is a worker loop of ours on this machine: `work --detach` starts one, `work --ask` tells of
 * it, `work --stop` ends it.
 */
export function workerLoop({ words, sends_inputs = false, ...own }: Own): SchedulerAdapter {
  return {
    ...own,
    apiVersion: ADAPTER_API_VERSION,
    programs: [PROGRAM],
    limits: {
      first_index: 0,
      arrays: true,
      dependencies: false,
      file_transfer: false,
      files_may_be_late: false,
      ...(sends_inputs ? { sends_inputs } : {}),
    },

    probe: () => [],
    readProbe: () => ({ max_array_size: null, max_submit_jobs: null, accounting: false }),

    submit: ({ run_dir }, _chunk, token) =>
      command(["work", run_dir, "--detach", "--token", token, "--retry-failed", ...words]),
    readSubmit: (result) => {
      const pid = /^worker [0-9a-f]{16} pid ([0-9]+)$/m.exec(result.stdout)?.[1];
      if (pid !== undefined) return { kind: "ok", value: pid };
      const message = ownWords(result);
      // One that was slow to say that it is there may work all the same.
      if (/did not start/.test(message)) return { kind: "unclear", message };
      if (result.exit_code !== null && result.exit_code !== 0) return { kind: "refused", message };
      return { kind: "unclear", message };
    },

    find: ({ run_dir }) => command(["work", run_dir, "--ask", "--json"]),
    readFind: (result, token) => {
      const answer = readWorkers(result);
      if (!answer) return { kind: "unclear", message: saying(result) };
      const worker = answer.workers.find((one) => one.token === token);
      const unknown = answer.unknown?.find((one) => one.token === token);
      if (unknown) return { kind: "unclear", message: unknown.why };
      return { kind: "ok", value: worker ? `${worker.process.pid}` : null };
    },

    query: ({ run_dir }, handles, round) =>
      round > 0 || handles.length === 0 ? [] : [command(["work", run_dir, "--ask", "--json"])],
    readQuery: ([result], handles, round) => {
      if (round > 0 || !result) return { kind: "ok", value: [] };
      const answer = readWorkers(result);
      if (!answer) return { kind: "unclear", message: saying(result) };
      const unknown = (answer.unknown ?? []).flatMap((worker) => unknownStates(worker, handles));
      return { kind: "ok", value: [...answer.workers.flatMap((worker) => statesOf(worker, handles)), ...unknown] };
    },

    cancel: ({ run_dir }, handles) =>
      handles.map(({ token }) => command(["work", run_dir, "--stop", "--token", token])),
    readCancel: (results) => {
      const bad = results.find((result) => result.exit_code !== 0);
      return bad ? { kind: "unclear", message: ownWords(bad) } : { kind: "ok", value: null };
    },
  };
}

const command = (words: string[]): Command => ({ argv: [PROGRAM, ...words], timeout_s: 60 });
function readWorkers(result: CommandResult) {
  if (result.exit_code !== 0) return undefined;
  try {
    const parsed = WorkersAnswer.safeParse(JSON.parse(result.stdout));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function statesOf(
  worker: z.infer<typeof WorkersAnswer>["workers"][number],
  handles: { token: string; chunk: { shards: number[] } }[],
) {
  const handle = handles.find((one) => one.token === worker.token);
  if (!handle) return [];
  const running = new Set(worker.running);
  return handle.chunk.shards.map((shard) => {
    const state: ShardState = running.has(shard) ? "running" : "queued";
    return { token: worker.token, shard, state, native: state, reason: null, host: worker.process.host };
  });
}

/** Whether it works, and on what, nobody can tell. */
function unknownStates(
  { token, why }: { token: string; why: string },
  handles: { token: string; chunk: { shards: number[] } }[],
) {
  const state: ShardState = "unknown";
  const shards = handles.find((one) => one.token === token)?.chunk.shards ?? [];
  return shards.map((shard) => ({ token, shard, state, native: state, reason: why, host: null }));
}

/** What our program says and what it says to do next, as one line. */
function ownWords(result: CommandResult): string {
  const error = readPrintedError(result.stderr);
  return error === null ? saying(result) : [error.message, error.next ?? []].flat().join("; ");
}
