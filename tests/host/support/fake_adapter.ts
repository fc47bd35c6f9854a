import type { Answer, Command, Handle, NativeState, SchedulerAdapter } from "../../../schedulers/adapter.ts";

const command = (): Command => ({ argv: ["true"], timeout_s: 60 });

/** A scheduler that exists only in memory: what it has been given, and how it answers. */
export class FakeScheduler {
  /** Token to job id, of what it has taken. */
  readonly jobs = new Map<string, string>();
  /** Tokens in the order in which they were submitted. */
  readonly submitted: string[] = [];
  /** What it says of a submission next; jobs are taken whatever it says, unless `takes` is false. */
  says: "ok" | "refused" | "unclear" = "ok";
  takes = true;
  /** Whether it can be asked. */
  is_up = true;
  /** What it tells of every shard that it has been given. */
  state: NativeState["state"] | "absent" = "running";
  /** Further states, whatever was asked. */
  others: NativeState[] = [];
  /** Called while a submission is under way. */
  during: (token: string) => void = () => {};

  readonly adapter: SchedulerAdapter = {
    name: "fake",
    apiVersion: 1,
    summary: "a scheduler in memory",
    programs: ["true"],
    options: [],
    limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: false },
    render: ({ shards }) => ({ files: [], chunks: [{ index: 0, shards }], warnings: [], by_hand: [] }),
    probe: () => [],
    readProbe: () => ({}),
    submit: (_context, _chunk, token) => {
      this.submitted.push(token);
      return command();
    },
    readSubmit: () => this.#answerSubmit(),
    find: () => command(),
    readFind: (_result, token) => this.#ask(() => this.jobs.get(token) ?? null),
    query: (_context, handles, round) => round > 0 || handles.length === 0 ? [] : [command()],
    readQuery: (_results, handles) =>
      this.#ask(() => [...handles.flatMap((one) => this.#statesOf(one)), ...this.others]),
    cancel: (_context, handles) => handles.map(command),
    readCancel: () => this.#ask(() => null),
  };

  #answerSubmit(): Answer<string> {
    const token = this.submitted.at(-1) ?? "";
    this.during(token);
    const job_id = `${100 + this.submitted.length}`;
    if (this.takes) this.jobs.set(token, job_id);
    if (this.says === "ok") return { kind: "ok", value: job_id };
    return { kind: this.says, message: `it says ${this.says}` };
  }

  #ask<T>(answer: () => T): Answer<T> {
    return this.is_up ? { kind: "ok", value: answer() } : { kind: "unclear", message: "it is down" };
  }

  /** Only of jobs whose id and token are its own. */
  #statesOf({ job_id, token, chunk }: Handle): NativeState[] {
    const { state } = this;
    if (state === "absent" || this.jobs.get(token) !== job_id) return [];
    return chunk.shards.map((shard) => ({ token, shard, state, native: state, reason: null, host: "f1" }));
  }
}
