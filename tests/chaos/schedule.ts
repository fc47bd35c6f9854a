import { randomLcg } from "d3-random";

/** One fault of a schedule. */
export interface Step {
  /** Milliseconds since the start of the first command. */
  at_ms: number;
  /** Name of the fault. */
  kind: string;
  /** From 0 to 1: selects the target and the duration. */
  dice: number;
}

/** A step that was made. */
export interface MadeStep extends Step {
  /** Whether the fault had a target. */
  isHit: boolean;
}

/** Result of one round. */
export interface Round {
  seed: number;
  steps: MadeStep[];
  /** Number of commands after the last fault. */
  commands: number;
}

/** Maximum number of faults in a schedule. */
const MAX_STEPS = 8;

/**
 * Draws the faults of one schedule: the same seed gives the same schedule.
 * @param kinds names of faults to draw from
 * @param span_ms upper limit of the time of the last fault
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

/** Returns a schedule in words, for the message of a failed round. */
export const scheduleText = (steps: readonly Step[]): string =>
  steps.map(({ at_ms, kind, dice }) => `${(at_ms / 1000).toFixed(2)} s ${kind} (${dice.toFixed(2)})`).join(", ");
