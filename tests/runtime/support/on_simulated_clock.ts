import { Timers } from "./nfs/timers.ts";

/** More turns of the microtask queue than follow from one timer. */
const TURNS = 100;

/**
 * Runs something by a simulated clock, on which nothing takes time but waits: each timer acts at its moment, one after
 * the other. Only for what waits for timers alone, and for no program and no file that is read in the background.
 * @throws when nothing is left that could happen
 */
export async function onSimulatedClock<T>(work: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const clock = performance.now;
  let now_ms = 1000;
  let isOver = false;
  const timers = new Timers<never>(() => now_ms, () => undefined, () => Infinity);
  timers.install();
  performance.now = () => now_ms;
  try {
    const result = work().finally(() => isOver = true);
    result.catch(() => {}); // it is awaited below
    for (;;) {
      for (let turn = 0; turn < TURNS && !isOver; turn++) await undefined;
      if (isOver) return await result;
      if (timers.due_ms === Infinity) throw new Error(`at ${now_ms} ms nothing is left that could happen`);
      now_ms = Math.max(now_ms, timers.due_ms);
      timers.takeDue()?.act();
    }
  } finally {
    performance.now = clock;
    for (const [name, real] of Object.entries({ setTimeout, clearTimeout, setInterval, clearInterval })) {
      Reflect.set(globalThis, name, real);
    }
  }
}
