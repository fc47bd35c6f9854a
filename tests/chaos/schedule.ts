import { randomLcg } from "d3-random";

/** One fault of a schedule. */
export interface Step {
  /** Milliseconds since the first command was started. */
  at_ms: number;
  /** The name of the fault. */
  kind: string;
  /** From 0 to 1: which of the possible victims, and how long. */
  dice: number;
}

/** A step that was made. */
export interface MadeStep extends Step {
  /** Whether there was anything that the fault could be done to. */
  isHit: boolean;
}

/** What one round did. */
export interface Round {
  seed: number;
  steps: MadeStep[];
  /** Commands that were needed after the last fault. */
  commands: number;
}

/** Faults of one schedule at most. */
const MAX_STEPS = 8;

/**
 * Draws the faults of one schedule: the same seed gives the same schedule.
 * @param kinds names of faults to draw from
 * @param span_ms the last fault comes before this
 */
export function drawSchedule(seed: number, kinds: readonly string[], span_ms: number): Step[] {
  const random = randomLcg((Math.imul(seed + 1, 2_654_435_761) >>> 0) / 2 ** 32);
  for (let i = 0; i < 3; i++) random(); // the first numbers of near seeds are near each other
  const steps = Array.from({ length: 1 + Math.floor(random() * MAX_STEPS) }, () => ({
    at_ms: Math.floor(random() * span_ms),
    kind: kinds[Math.floor(random() * kinds.length)] ?? "",
    dice: random(),
  }));
  return steps.sort((a, b) => a.at_ms - b.at_ms);
}

/** A schedule in words, so that a failing one can be read. */
export const scheduleText = (steps: readonly Step[]): string =>
  steps.map(({ at_ms, kind, dice }) => `${(at_ms / 1000).toFixed(2)} s ${kind} (${dice.toFixed(2)})`).join(", ");
