import { errorText } from "../../core/errors.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { ToyValues } from "../../core/output.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { type FileSum, hashStream, removeQuietly, temporaryPath } from "../fs/write.ts";
import { manifestPath } from "../run/load_manifest.ts";
import { type PartList, partList, takeParts } from "./part_list.ts";
import { type Part, PartReader } from "./read_part.ts";
import { fingerprint, runSources, type Sources, withLeftOut } from "./sources.ts";
import { TextStore } from "./text_store.ts";
import { mergedFill, type MergedPieces } from "./write_merged.ts";

/** Size of a manifest (about 1,000 shards) from which the start of a thread (about 30 ms) pays. */
const LARGE_BYTES = 250_000;

type Request =
  /** Sent first, so that the Worker opens the run while its caller does. */
  | { kind: "open"; run: string; accept_unrecorded: boolean }
  | { kind: "read"; list: PartList; left_out: Map<string, string>; fingerprint: string; spill: string }
  | { kind: "hash"; pieces: MergedPieces };

type Answer =
  | { kind: "part"; index: number; part: Part }
  | { kind: "end" }
  | { kind: "sum"; sum: FileSum }
  | { kind: "bug"; message: string };

/** A second thread of a merge. It is optional: the caller reads whatever it does not deliver. */
export interface Helper {
  /** Reads parts of a list until none is left; reads none where it sees other shards than its caller. */
  read(sources: Sources, left_out: Map<string, string>, list: PartList, spill: string): Promise<Map<number, Part>>;
  hash(pieces: MergedPieces): Promise<FileSum | undefined>;
  dismiss(): void;
}

/**
 * Starts a second thread on a run; its program is this module (in the built program: the file that contains it).
 * Returns undefined where no thread is possible or it would not pay.
 */
export function startMergeWorker(run: string, accept_unrecorded: boolean): Helper | undefined {
  if (!canHelp() || !isLarge(run)) return undefined;
  const line = new Line(new Worker(import.meta.url, { type: "module", name: "nsfarm-deno merge helper" }));
  line.send({ kind: "open", run, accept_unrecorded });
  return {
    dismiss: () => line.close(),
    read: async (sources, left_out, list, spill) => {
      const parts = new Map<number, Part>();
      await line.exchange({ kind: "read", list, left_out, fingerprint: fingerprint(sources), spill }, (answer) => {
        if (answer.kind === "part") parts.set(answer.index, answer.part);
      });
      return parts;
    },
    hash: async (pieces) => {
      let sum: FileSum | undefined;
      await line.exchange({ kind: "hash", pieces }, (answer) => {
        if (answer.kind === "sum") sum = answer.sum;
      });
      return sum;
    },
  };
}

/** A channel to a Worker with one request at a time; after a failure it answers no more. */
class Line {
  readonly #worker: Worker;
  #failed = false;
  #onFail: () => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failed = true;
      this.#onFail();
    };
  }

  send(request: Request): void {
    this.#worker.postMessage(request);
  }

  /**
   * Sends a request and handles its answers.
   * @throws the Worker's unexpected error: an internal error, or a full disk for temporary files
   */
  exchange(request: Request, onAnswer: (answer: Answer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed) return resolve();
      this.#onFail = resolve;
      this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        onAnswer(data);
        if (data.kind === "bug") reject(new Error(data.message));
        else if (data.kind !== "part") resolve();
      };
      this.send(request);
    });
  }

  close(): void {
    this.#worker.terminate();
  }
}

function canHelp(): boolean {
  return navigator.hardwareConcurrency >= 2 && !isHelperScope(globalThis);
}

function isLarge(run: string): boolean {
  try {
    return Deno.statSync(manifestPath(run)).size >= LARGE_BYTES;
  } catch {
    return false; // the caller reports the problem
  }
}

interface HelperScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer): void;
}

function isHelperScope(scope: unknown): scope is HelperScope {
  return typeof scope === "object" && scope !== null && "WorkerGlobalScope" in scope;
}

/** Runs the Worker's side. */
function serve(scope: HelperScope): void {
  let sources: Sources | undefined;
  scope.onmessage = ({ data }) => {
    try {
      if (data.kind === "open") sources = quietly(() => runSources(data.run, data.accept_unrecorded));
      else if (data.kind === "hash") scope.postMessage({ kind: "sum", sum: hashStream(mergedFill(data.pieces)) });
      else readParts(scope, sources, data);
    } catch (error) {
      scope.postMessage({ kind: "bug", message: errorText(error) });
    }
  };
}

/** Returns undefined on any error: the caller reports the problems of a run. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function readParts(
  scope: HelperScope,
  sources: Sources | undefined,
  { list, left_out, spill, ...wanted }: Extract<Request, { kind: "read" }>,
): void {
  if (sources && fingerprint(sources) === wanted.fingerprint) {
    const store = new TextStore(spill, list.memory_bytes);
    const orders = withLeftOut(sources.context, sources.orders, left_out);
    const reader = new PartReader(sources.context, list.values, store);
    try {
      takeParts(list, orders, reader, (index, part) => scope.postMessage({ kind: "part", index, part }));
    } finally {
      store.close();
    }
  }
  scope.postMessage({ kind: "end" });
}

const scope: unknown = globalThis;
if (isHelperScope(scope)) serve(scope);

/** All outputs of a merge, read and checked, in toy order; the caller closes it. */
export interface ReadSet {
  facts: SourceFacts[];
  problems: Problem[];
  values: ToyValues;
  texts: NonNullable<Part["texts"]>[];
  close(): void;
}

/** Options for reading the outputs of a merge. */
export interface ReadOptions {
  /** Temporary files get their names beside this path. */
  beside: string;
  helper: Helper | undefined;
  /** Paths to leave out, with the reasons. */
  left_out: Map<string, string>;
}

/** Reads the outputs of a merge, with a second thread where possible. */
export async function readAll(sources: Sources, options: ReadOptions): Promise<ReadSet> {
  const list = partList(sources.orders, sources.context.manifest?.farm?.pulls !== false);
  const own = new TextStore(temporaryPath(options.beside), list.memory_bytes);
  const spill = temporaryPath(options.beside);
  const close = () => {
    own.drop();
    removeQuietly(spill);
  };
  try {
    const brought = options.helper?.read(sources, options.left_out, list, spill);
    const orders = withLeftOut(sources.context, sources.orders, options.left_out);
    const reader = new PartReader(sources.context, list.values, own);
    const parts = new Map<number, Part>();
    takeParts(list, orders, reader, (index, part) => parts.set(index, part));
    for (const [index, part] of await brought ?? []) parts.set(index, part);
    // Parts that the second thread took and did not deliver are read here.
    const all = list.cuts.map((cut, i) => parts.get(i) ?? reader.read(orders.slice(...cut)));
    return { ...joined(all), values: list.values, close };
  } catch (error) {
    close();
    throw error;
  }
}

function joined(parts: Part[]): Pick<ReadSet, "facts" | "problems" | "texts"> {
  const frames = new FrameReader();
  return {
    facts: parts.flatMap((part) => part.facts.map((facts) => frames.adopt(facts))),
    problems: parts.flatMap((part) => part.problems),
    texts: parts.flatMap((part) => part.texts ?? []),
  };
}
