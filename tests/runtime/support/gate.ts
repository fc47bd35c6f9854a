/** The states of a gate: who acts next is told by the last one who wrote it. */
export const STATE = { idle: 0, job: 1, asking: 2, go: 3, kill: 4, ended: 5 } as const;

/** A file operation that a worker is about to do on a name that others see too. */
export interface PendingOperation {
  /** One bit for each shared name that it touches. */
  names: number;
  changes: boolean;
  /** It creates a file exclusively that others may hold: it is done again until it succeeds. */
  takes_right: boolean;
}

const WORDS = 8;
const TEXT_BYTES = 64 * 1024;
const STUCK_MS = 20_000;

/** Shared memory between the scheduler and one worker: each lets the other run and waits for it. */
export class Gate {
  readonly #words: Int32Array;
  readonly #text: Uint8Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4 + TEXT_BYTES)) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#text = new Uint8Array(memory, WORDS * 4);
  }

  get state(): number {
    return Atomics.load(this.#words, 0);
  }

  set(state: number): void {
    Atomics.store(this.#words, 0, state);
    Atomics.notify(this.#words, 0);
  }

  /** Waits until the other side has changed the state. */
  await(states: readonly number[], timeout_ms: number = STUCK_MS): number {
    for (;;) {
      const state = this.state;
      if (states.includes(state)) return state;
      if (Atomics.wait(this.#words, 0, state, timeout_ms) === "timed-out") {
        throw new Error(`Nobody answered at the gate in ${timeout_ms} ms (state ${state})`);
      }
    }
  }

  get pending(): PendingOperation {
    return {
      names: this.#words[1] ?? 0,
      changes: this.#words[2] === 1,
      takes_right: this.#words[3] === 1,
    };
  }

  request({ names, changes, takes_right }: PendingOperation): void {
    this.#words.set([names, changes ? 1 : 0, takes_right ? 1 : 0], 1);
    this.set(STATE.asking);
  }

  writeText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#words[4] = bytes.length;
    this.#text.set(bytes);
  }

  readText(): string {
    return new TextDecoder().decode(this.#text.slice(0, this.#words[4]));
  }
}

const wait = Atomics.wait;

/**
 * From now on a wait of less than a second takes no time: whether somebody has to wait on is for the schedule to say.
 * @returns what undoes it
 */
export function skipShortWaits(): () => void {
  const waitOrNot = (words: Int32Array, at: number, value: number, ms = Infinity) =>
    ms < 1000 ? "timed-out" : wait(words, at, value, ms);
  Reflect.set(Atomics, "wait", waitOrNot);
  return () => Reflect.set(Atomics, "wait", wait);
}
