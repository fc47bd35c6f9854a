/** The world and so many machines at most. */
export const ACTORS = 6;
const TEXT_BYTES = 64 * 1024;
const FITS = 256;
const FIT_FIELDS = 7;
/** A schedule with more calls than this goes on for ever. */
const MAX_CALLS = 400_000;
/** Of real time: longer than one turn takes on any machine. */
const STUCK_MS = 60_000;

const HEAD = 8;
const INTS = HEAD + 2 * ACTORS;
const FLOATS_AT = Math.ceil(INTS * 4 / 8) * 8;
const FLOATS = 4 + ACTORS + FITS * FIT_FIELDS;
const TEXT_AT = FLOATS_AT + FLOATS * 8;

export const sharedMemory = (): SharedArrayBuffer => new SharedArrayBuffer(TEXT_AT + ACTORS * TEXT_BYTES);

/** One fit that was started: whose it is, and when it has written half, and all, in simulated milliseconds. */
export interface Fit {
  actor: number;
  life: number;
  shard: number;
  attempt: number;
  started_ms: number;
  half_ms: number;
  end_ms: number;
}

const wait = Atomics.wait;

/**
 * Whose turn it is, of threads of which one at a time goes on, and one clock that all of them have. At each call of a
 * file system the seed decides anew who goes on. Actor 0 is the world around the machines.
 */
export class Turns {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;

  constructor(readonly memory: SharedArrayBuffer, readonly me: number) {
    this.#ints = new Int32Array(memory, 0, INTS);
    this.#floats = new Float64Array(memory, FLOATS_AT, FLOATS);
  }

  /** Begins a schedule: nobody has anything to do yet. @param stay how likely it is that the same one goes on */
  begin(seed: number, stay: number): void {
    this.#ints.fill(0);
    this.#floats.fill(0).fill(Infinity, 4, 4 + ACTORS);
    this.#ints[1] = Math.imul(seed + 1, 0x9e3779b1);
    this.#floats[1] = stay;
  }

  get now_ms(): number {
    return this.#floats[0] ?? 0;
  }

  get calls(): number {
    return this.#ints[2] ?? 0;
  }

  /** From mulberry32: the next of a row of numbers below 1 that all threads have in common. */
  readonly random = (): number => {
    const state = ((this.#ints[1] ?? 0) + 0x6d2b79f5) | 0;
    this.#ints[1] = state;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };

  readonly upTo = (most: number): number => Math.floor(this.random() * most);

  /** An actor may go on from then on; it has to be called by the one whose turn it is. */
  wake(actor: number, at_ms: number): void {
    this.#floats[4 + actor] = at_ms;
  }

  wakes(actor: number): number {
    return this.#floats[4 + actor] ?? Infinity;
  }

  /** Gives way to all others until then, or at once to one of those that could go on now, or to nobody. */
  pass(until_ms: number): void {
    this.wake(this.me, until_ms);
    const next = this.#choose();
    if (next === this.me) return;
    Atomics.store(this.#ints, HEAD + next, 1);
    Atomics.notify(this.#ints, HEAD + next);
    this.awaitTurn();
  }

  awaitTurn(): void {
    const at = HEAD + this.me;
    while (Atomics.load(this.#ints, at) === 0) {
      if (wait(this.#ints, at, 0, this.me === 0 ? STUCK_MS : Infinity) === "timed-out") throw new Error("It is stuck");
    }
    Atomics.store(this.#ints, at, 0);
  }

  #choose(): number {
    const floats = this.#floats;
    floats[0] = this.now_ms + this.random() / 4;
    this.#ints[2] = this.calls + 1;
    if (this.calls > MAX_CALLS) return 0;
    if (this.wakes(this.me) <= this.now_ms && this.random() < (floats[1] ?? 0)) return this.me;
    const first_ms = Math.min(...floats.subarray(4, 4 + ACTORS));
    if (first_ms === Infinity) return 0;
    floats[0] = Math.max(this.now_ms, first_ms);
    const able: number[] = [];
    for (let i = 0; i < ACTORS; i++) if (this.wakes(i) <= this.now_ms) able.push(i);
    return able[this.upTo(able.length)] ?? 0;
  }

  get isEndless(): boolean {
    return this.calls > MAX_CALLS;
  }

  /** A fit goes on in the world, whatever becomes of whoever began it. */
  startFit(fit: Fit): void {
    const at = this.#ints[3] ?? 0;
    if (at >= FITS) throw new Error("More fits than a schedule can have");
    this.#ints[3] = at + 1;
    const { actor, life, shard, attempt, started_ms, half_ms, end_ms } = fit;
    this.#floats.set([actor, life, shard, attempt, started_ms, half_ms, end_ms], 4 + ACTORS + at * FIT_FIELDS);
    this.wake(0, Math.min(this.wakes(0), half_ms));
  }

  /** Those fits end now that a machine runs for one of its lives: it has no power. */
  stopFits(actor: number, life: number): void {
    this.fits().forEach((fit, at) => {
      const goes_on = fit.end_ms > this.now_ms;
      if (fit.actor === actor && fit.life === life && goes_on) this.#floats[4 + ACTORS + at * FIT_FIELDS + 6] = -1;
    });
  }

  fits(): Fit[] {
    return Array.from({ length: this.#ints[3] ?? 0 }, (_, i) => {
      const at = 4 + ACTORS + i * FIT_FIELDS;
      const [actor = 0, life = 0, shard = 0, attempt = 0, started_ms = 0, half_ms = 0, end_ms = 0] = this.#floats
        .subarray(at, at + FIT_FIELDS);
      return { actor, life, shard, attempt, started_ms, half_ms, end_ms };
    });
  }

  /** What an actor is to do, or what has become of it. */
  writeText(actor: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > TEXT_BYTES) return this.writeText(actor, text.slice(0, TEXT_BYTES / 4));
    this.#ints[HEAD + ACTORS + actor] = bytes.length;
    new Uint8Array(this.memory, TEXT_AT + actor * TEXT_BYTES, TEXT_BYTES).set(bytes);
  }

  readText(actor: number): string {
    const bytes = new Uint8Array(this.memory, TEXT_AT + actor * TEXT_BYTES, this.#ints[HEAD + ACTORS + actor]);
    return new TextDecoder().decode(bytes.slice());
  }
}
