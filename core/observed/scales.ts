import type { ScaleCheck } from "../schema/observed.ts";
import type { Workspace } from "./workspace.ts";

/** Numbers by which the signal is divided to see whether a result depends on the start of its toys' fits. */
const SCALES = [1, 3, 10];

/** Returns the scales that are tried: that of the run too. */
export const triedScales = (own = 1): number[] => [...new Set([...SCALES, own])].sort((a, b) => a - b);

/** Toys of each hypothesis at each scale, at most and at least. */
const TRIED_TOYS = { most: 100, least: 20 };

/** Largest CPU time of all tried toys, in seconds. */
const MOST_CPU_S = 10;

/**
 * Returns how many toys of each hypothesis are tried at each scale; null: fewer than tell anything can be afforded.
 * @param toy_s time of a toy of both hypotheses
 */
export function triedToys(toy_s: number, n_scales: number): number | null {
  const n = Math.min(TRIED_TOYS.most, Math.floor(MOST_CPU_S / (n_scales * Math.max(toy_s, 1e-6))));
  return n < TRIED_TOYS.least ? null : n;
}

/** Events by which the observed counts are moved, in each bin: less than one, and much more than rounding. */
const MOVED_EVENTS = 0.1;

/**
 * Returns a workspace with the observed counts moved by a part of an event. A toy with just the observed counts has the
 * observed test statistic, and rounding decides whether it counts as extreme; moved counts put all such toys on one side.
 */
export const withoutTies = (workspace: Workspace): Workspace => ({
  ...workspace,
  observations: workspace.observations.map((one) => ({ ...one, data: one.data.map((n) => n + MOVED_EVENTS) })),
});

/** Returns what the same toys show at several scales: their counts are the same unless some fits miss the minimum. */
export function comparedScales(n_toys: number, rows: ScaleCheck["rows"]): ScaleCheck {
  const [first, ...others] = rows;
  const depends = others.some((row) =>
    (["sb", "b"] as const).some((one) => row[one].k !== first?.[one].k || row[one].n !== first[one].n)
  );
  return { n_toys, rows, depends };
}
