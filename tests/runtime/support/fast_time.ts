/** Waits up to this long are skipped; longer ones are limits, which stay. */
const SKIPPED_MS = 2500;

/**
 * Runs something for which time passes at once: short waits are over when they begin, and the monotonic clock has moved
 * on by as much. So that what looks again every few seconds need not be waited for.
 */
export async function inFastTime<T>(work: () => Promise<T>): Promise<T> {
  const clock = performance.now;
  const timer = globalThis.setTimeout;
  let ahead_ms = 0;
  performance.now = () => clock.call(performance) + ahead_ms;
  Reflect.set(globalThis, "setTimeout", (act: () => void, ms = 0) => {
    if (ms > SKIPPED_MS) return timer(act, ms);
    return timer(() => {
      ahead_ms += ms;
      act();
    }, 0);
  });
  try {
    return await work();
  } finally {
    performance.now = clock;
    Reflect.set(globalThis, "setTimeout", timer);
  }
}
