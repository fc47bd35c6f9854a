import type {
  Answer,
  Chunk,
  Command,
  Handle,
  NativeState,
  SchedulerAdapter,
  SubmitAnswer,
} from "../../../schedulers/adapter.ts";

const command = (...argv: string[]): Command => ({ argv: argv.length === 0 ? ["true"] : argv, timeout_s: 60 });

/** A scheduler that exists only in memory: what it has been given, and how it answers. */
export class FakeScheduler {
  /** Token to job id, of what it has taken. */
  readonly jobs = new Map<string, string>();
  /** Tokens in the order in which they were submitted. */
  readonly submitted: string[] = [];
  /** What it says of a submission next; jobs are taken whatever it says, unless `takes` is false. */
  says: "ok" | "refused" | "unclear" | "words" = "ok";
  /** Numbers that it prints, one of which may be the id. */
  ids: string[] = [];
  /** Ids of further jobs that a site has made of its submissions, with the same tokens. */
  readonly further = new Set<string>();
  takes = true;
  /** How often a token was looked for. */
  finds = 0;
  /** Whether it can be asked. */
  is_up = true;
  /** What it tells of every shard that it has been given. */
  state: NativeState["state"] | "absent" = "running";
  /** The same for single shards of a submission, by its token. */
  readonly own = new Map<string, Partial<Record<number, NativeState["state"]>>>();
  /** Whose jobs were cancelled: all of them, or those of some shards. */
  readonly cancelled: { token: string; shards: number[] | null }[] = [];
  /** Tokens that it does not find when it is to cancel their jobs: a site has renamed them. */
  readonly renamed = new Set<string>();
  /** How many shards it takes at once. */
  array_size = Infinity;
  /** For how many jobs of one submission its queue has room. */
  room = Infinity;
  readonly #chunks_of = new Map<string, Chunk>();
  /** Further states, whatever was asked. */
  others: NativeState[] = [];
  /** What becomes of a shard's job that is cancelled. */
  after_cancel: (shard: number) => NativeState["state"] = () => "cancelled";
  /** Called whenever it is asked something. */
  onQuery: () => void = () => {};
  /** Called while a submission is under way. */
  during: (token: string) => void = () => {};

  readonly adapter: SchedulerAdapter = {
    name: "fake",
    apiVersion: 1,
    summary: "a scheduler in memory",
    programs: ["true", "echo"],
    options: [],
    limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: false },
    render: ({ shards, limits }) => ({
      files: [],
      chunks: this.#chunks(shards, limits.max_submit_jobs ?? Infinity),
      warnings: [],
      by_hand: [],
    }),
    probe: () => [],
    readProbe: () => ({}),
    submit: (_context, chunk, token) => {
      this.#chunks_of.set(token, chunk);
      return command("echo", token);
    },
    readSubmit: ({ stdout }) => this.#answerSubmit(stdout.trim()),
    find: () => {
      this.finds++;
      return command();
    },
    readFind: (_result, token) => this.#ask(() => this.jobs.get(token) ?? null),
    query: (_context, handles, round) => round > 0 || handles.length === 0 ? [] : [command()],
    readQuery: (_results, handles) =>
      this.#ask(() => [...handles.flatMap((one) => this.#statesOf(one)), ...this.others]),
    cancel: (_context, handles, shards) => handles.map((one) => this.#cancel(one, shards)),
    readCancel: () => this.#ask(() => null),
  };

  #chunks(shards: number[], most: number): Chunk[] {
    const size = Math.min(this.array_size, most, shards.length);
    return Array.from({ length: Math.ceil(shards.length / size) }, (_, index) => ({
      index,
      shards: shards.slice(index * size, (index + 1) * size),
    }));
  }

  #cancel({ token, chunk }: Handle, shards: number[] | null): Command {
    this.cancelled.push({ token, shards });
    if (this.renamed.has(token)) return command();
    const ended = (shards ?? chunk.shards).map((shard) => [shard, this.after_cancel(shard)]);
    this.own.set(token, { ...this.own.get(token), ...Object.fromEntries(ended) });
    return command();
  }

  #answerSubmit(token: string): SubmitAnswer {
    this.submitted.push(token);
    this.during(token);
    if ((this.#chunks_of.get(token)?.shards.length ?? 0) > this.room) {
      return { kind: "refused", message: "too many", queue_full: true };
    }
    const job_id = `${100 + this.submitted.length}`;
    if (this.takes) this.jobs.set(token, job_id);
    if (this.ids.length > 0) return { kind: "unclear", message: "it says numbers", ids: this.ids };
    if (this.says === "ok") return { kind: "ok", value: job_id };
    if (this.says === "words") return { kind: "unclear", message: "it says words", answered: true };
    return { kind: this.says, message: `it says ${this.says}` };
  }

  #ask<T>(answer: () => T): Answer<T> {
    this.onQuery();
    return this.is_up ? { kind: "ok", value: answer() } : { kind: "unclear", message: "it is down" };
  }

  /** Only of jobs whose id and token are its own. */
  #statesOf({ job_id, token, chunk }: Handle): NativeState[] {
    if (this.state === "absent" || !(this.jobs.get(token) === job_id || this.further.has(job_id))) return [];
    const all = this.state;
    return chunk.shards.map((shard) => {
      const state = this.own.get(token)?.[shard] ?? all;
      return { token, shard, state, native: state, reason: null, host: "f1" };
    });
  }
}
