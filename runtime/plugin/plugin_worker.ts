import { FarmError } from "../../core/errors.ts";
import type { PluginSource } from "./read.ts";
import script from "./worker_script.js" with { type: "text" };

/** Time after which a call of a plugin counts as hanging: it only computes. */
const MAX_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const HEAD_BYTES = 8;
/** Values of the first number in the shared memory: no answer yet; a value (2: an error). */
const ASKED = 0;
const RETURNED = 1;

/** An error of a plugin. Kind and next of a FarmError are kept, so that an adapter can refuse an option. */
interface Thrown {
  message: string;
  kind?: string | undefined;
  next?: string | undefined;
}

/** The error of a call that the plugin answered by throwing. */
export class PluginThrew extends Error {
  constructor(readonly thrown: Thrown) {
    super(thrown.message);
  }
}

/**
 * A plugin in a Worker without any permission. Calls are synchronous like those of any adapter, so this thread sleeps
 * until the answer arrives or the time is up; then the Worker is terminated.
 */
export class PluginWorker {
  readonly #worker: Worker;
  readonly #shared = new SharedArrayBuffer(HEAD_BYTES, { maxByteLength: MAX_ANSWER_BYTES });
  readonly #head = new Int32Array(this.#shared, 0, 2);
  #first: unknown;
  #stopped = false;

  constructor(readonly file: string, readonly most_ms = MAX_MS) {
    this.#worker = new Worker(`data:text/javascript,${encodeURIComponent(script)}`, {
      type: "module",
      name: file,
      deno: { permissions: "none" },
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.close();
    });
  }

  /** Runs the plugin's files and returns its default export as plain, unchecked data. */
  load({ modules, entry }: PluginSource): unknown {
    return this.#ask("loading it", { modules, entry });
  }

  /** Calls a function of the adapter and returns its value as plain, unchecked data. */
  call(member: string, [first, ...rest]: readonly unknown[]): unknown {
    const again = first === this.#first;
    this.#first = first;
    return this.#ask(`its ${member}`, { member, again, rest, ...(again ? {} : { first }) });
  }

  close(): void {
    this.#stopped = true;
    this.#worker.terminate();
  }

  /** Sleeps until there is an answer; a late notification of an earlier answer may end a wait too soon. */
  #answered(): boolean {
    const end = performance.now() + this.most_ms;
    for (let left = this.most_ms; left > 0; left = end - performance.now()) {
      Atomics.wait(this.#head, 0, ASKED, left);
      if (Atomics.load(this.#head, 0) !== ASKED) return true;
    }
    return false;
  }

  #ask(doing: string, question: Record<string, unknown>): unknown {
    if (this.#stopped) throw new FarmError("input", `Cannot use the plugin "${this.file}": it was stopped`);
    Atomics.store(this.#head, 0, ASKED);
    this.#worker.postMessage({ shared: this.#shared, ...question });
    if (!this.#answered()) {
      this.close();
      throw new FarmError(
        "input",
        `Cannot use the plugin "${this.file}": ${doing} did not end within ${this.most_ms / 1000} s; it was stopped`,
        "An adapter only computes: check it for an endless loop",
      );
    }
    const bytes = new Uint8Array(this.#shared, HEAD_BYTES, this.#head[1]).slice();
    const { value } = JSON.parse(new TextDecoder().decode(bytes));
    if (this.#head[0] === RETURNED) return value;
    throw new PluginThrew(value);
  }
}
