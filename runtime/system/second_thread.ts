import { errorText, orElse } from "../../core/errors.ts";

type Answer<Part> =
  /** First of all: its modules are loaded. */
  | { kind: "ready" }
  | { kind: "part"; part: Part }
  | { kind: "end" }
  | { kind: "bug"; message: string };

interface Pending<Part> {
  onPart: (part: Part) => void;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * A second thread that answers requests one after the other. It is optional: after a failure its requests end without
 * parts, so its caller must be able to do the work itself.
 */
export class SecondThread<Request, Part> {
  readonly #pending: Pending<Part>[] = [];
  #failed = false;
  #isReady = false;
  #isClosing = false;

  constructor(readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<Answer<Part>>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failed = true;
      for (const { resolve } of this.#pending.splice(0)) resolve();
    };
  }

  /**
   * Sends a request; resolves at its end.
   * @throws the thread's unexpected error: an internal error, or a full disk for temporary files
   */
  request(request: Request, onPart: (part: Part) => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed) return resolve();
      this.#pending.push({ onPart, resolve, reject });
      this.worker.postMessage(request);
    });
  }

  #take(answer: Answer<Part>): void {
    if (answer.kind === "ready") return this.#begin();
    if (answer.kind === "part") return this.#pending[0]?.onPart(answer.part);
    const done = this.#pending.shift();
    if (answer.kind === "bug") done?.reject(new Error(answer.message));
    else done?.resolve();
  }

  #begin(): void {
    this.#isReady = true;
    if (this.#isClosing) this.worker.terminate();
  }

  /**
   * Ends the thread. One whose modules are still loaded ends after that: Deno can crash as a whole when a worker is
   * terminated before (denoland/deno#35657, "can leave deno_core's module map in a terminated state and panic").
   */
  close(): void {
    this.#isClosing = true;
    if (this.#isReady) this.worker.terminate();
  }
}

interface ThreadScope {
  name: string;
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(answer: Answer<unknown>): void;
}

function isThreadScope(scope: unknown): scope is ThreadScope {
  return typeof scope === "object" && scope !== null && "WorkerGlobalScope" in scope;
}

/**
 * Starts a second thread; undefined where this is one, or where none can work at the same time (one CPU, or no more
 * threads allowed).
 * @param module URL of the module that calls serveThread; undefined in the built program, whose modules have none
 * @param name what it does
 */
export function startThread<Request, Part>(
  module: string | undefined,
  name: string,
): SecondThread<Request, Part> | undefined {
  if (navigator.hardwareConcurrency < 2 || isThreadScope(globalThis)) return undefined;
  const start = () => new Worker(module ?? new URL(LOADER, Deno.mainModule), { type: "module", name });
  return orElse(undefined, () => new SecondThread(start()));
}

/** The file of the built program that loads its modules, beside its main module. */
export const LOADER = "load_program.js";

/** Names of the second threads: what they do. */
export const SHARD_READER = "nsfarm-deno shard reader";
export const MERGE_HELPER = "nsfarm-deno merge helper";

/** Answers requests in the second thread of this name; does nothing in any other thread. */
export function serveThread<Request, Part>(
  name: string,
  answer: (request: Request, give: (part: Part) => void) => void,
): void {
  const scope: unknown = globalThis;
  if (!isThreadScope(scope) || scope.name !== name) return;
  // Not at once: until this module is evaluated to its end, its thread must not be terminated (see close).
  setTimeout(() => scope.postMessage({ kind: "ready" }));
  scope.onmessage = ({ data }) => {
    try {
      answer(data, (part) => scope.postMessage({ kind: "part", part }));
      scope.postMessage({ kind: "end" });
    } catch (error) {
      scope.postMessage({ kind: "bug", message: errorText(error) });
    }
  };
}

/** Calls `take` with the next free part of a list that several threads share out, until none is left. */
export function takeParts(next: Int32Array, n_parts: number, take: (part: number) => void): void {
  for (let part = Atomics.add(next, 0, 1); part < n_parts; part = Atomics.add(next, 0, 1)) take(part);
}
