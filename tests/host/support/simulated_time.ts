/** More turns of the microtask queue than follow from one timer; the event loop itself would be slower by far. */
const TURNS = 300;

/** To whom something happens. */
export interface Holder {
  /** Not before then; null: never. */
  held(): number | null;
}

interface Due {
  at_ms: number;
  act: () => void;
  holder: Holder | undefined;
}

const real = {
  now: performance.now,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

/** A clock that goes on from one thing that is due to the next; those of the same moment come in a random order. */
export class SimulatedTime {
  now_ms = 0;
  #due = new Map<number, Due>();
  #last = 0;

  /** @param enter told whose turn it is, before each thing that is done */
  constructor(readonly random: () => number, readonly enter: (holder: Holder | undefined) => void) {}

  after(ms: number, act: () => void, holder?: Holder): number {
    this.#due.set(++this.#last, { at_ms: this.now_ms + ms, act, holder });
    return this.#last;
  }

  /** Does what is due next, and all that follows from it at once; false when nothing is due any more. */
  async step(): Promise<boolean> {
    const [id, at_ms] = this.#next();
    const due = this.#due.get(id);
    if (!due) return false;
    this.#due.delete(id);
    this.now_ms = Math.max(this.now_ms, at_ms);
    this.enter(due.holder);
    due.act();
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    this.enter(undefined);
    return true;
  }

  #next(): [number, number] {
    let best: [number, number] = [0, Infinity];
    for (const [id, { at_ms, holder }] of this.#due) {
      const held = holder ? holder.held() : 0;
      if (held === null) this.#due.delete(id);
      const at = Math.max(at_ms, held ?? Infinity);
      if (at < best[1] || (at === best[1] && this.random() < 0.5)) best = [id, at];
    }
    return best;
  }

  /** From now on all timers are of this clock. @param holder who sets a timer now */
  install(holder: () => Holder | undefined): void {
    performance.now = () => this.now_ms;
    const every = (act: () => void, ms: number, id: { now: number }, owner?: Holder) => {
      id.now = this.after(ms, () => {
        every(act, ms, id, owner);
        act();
      }, owner);
    };
    const hooks = {
      setTimeout: (act: () => void, ms = 0) => this.after(ms, act, holder()),
      clearTimeout: (id: number) => this.#due.delete(id),
      setInterval: (act: () => void, ms: number) => {
        const id = { now: 0 };
        every(act, ms, id, holder());
        return id;
      },
      clearInterval: (id?: { now: number }) => this.#due.delete(id?.now ?? 0),
    };
    for (const [name, value] of Object.entries(hooks)) Reflect.set(globalThis, name, value);
  }

  uninstall(): void {
    const { now, ...timers } = real;
    performance.now = now;
    for (const [name, value] of Object.entries(timers)) Reflect.set(globalThis, name, value);
  }
}
