interface Due<T> {
  at_ms: number;
  act: () => void;
  owner: T | undefined;
}

/** The timers of a machine on a simulated clock; a thread has one set of them at a time. */
export class Timers<T> {
  readonly #due = new Map<number, Due<T>>();
  #last = 0;

  /**
   * @param owner who sets a timer now
   * @param held when a timer of that owner that is due at a moment can be served
   */
  constructor(
    readonly now_ms: () => number,
    readonly owner: () => T | undefined,
    readonly held: (owner: T, at_ms: number) => number,
  ) {}

  at(at_ms: number, act: () => void, owner: T | undefined): number {
    this.#due.set(++this.#last, { at_ms, act, owner });
    return this.#last;
  }

  #time({ at_ms, owner }: Due<T>): number {
    const at = Math.max(at_ms, this.now_ms());
    return owner === undefined ? at_ms : Math.max(at_ms, this.held(owner, at));
  }

  get due_ms(): number {
    return Math.min(Infinity, ...[...this.#due.values()].map((one) => this.#time(one)));
  }

  /** The first of those that are due now. */
  takeDue(): Due<T> | undefined {
    const now_ms = this.now_ms();
    for (const [id, one] of this.#due) {
      const at = this.#time(one);
      if (at === Infinity) this.#due.delete(id);
      if (at > now_ms) continue;
      this.#due.delete(id);
      return one;
    }
    return undefined;
  }

  /** From now on all timers of this thread are of this clock. */
  install(): void {
    const after = (ms: number, act: () => void, owner = this.owner()) => this.at(this.now_ms() + ms, act, owner);
    const every = (act: () => void, ms: number, id: { now: number }, owner: T | undefined) => {
      id.now = after(ms, () => {
        every(act, ms, id, owner);
        act();
      }, owner);
    };
    const hooks = {
      setTimeout: (act: () => void, ms = 0) => after(ms, act),
      clearTimeout: (id: number) => this.#due.delete(id),
      setInterval: (act: () => void, ms: number) => {
        const id = { now: 0 };
        every(act, ms, id, this.owner());
        return id;
      },
      clearInterval: (id?: { now: number }) => this.#due.delete(id?.now ?? 0),
    };
    for (const [name, value] of Object.entries(hooks)) Reflect.set(globalThis, name, value);
  }
}
