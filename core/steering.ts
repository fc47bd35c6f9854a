import { plural } from "./format.ts";
import type { NativeState } from "./schema/scheduler.ts";
import type { Steering } from "./schema/steering.ts";
import { quoteWord } from "./shell_quote.ts";

/** Reason of a shard whose waiting job a pause holds. */
export const PAUSED = "paused by nsfarm-deno pause";

/** Returns whether a held job is one that a pause of the run holds. */
export const isOurHold = ({ held = [] }: Pick<Steering, "held">, { token, shard, state }: NativeState): boolean =>
  state === "held" && held.some((one) => one.token === token && (shard === null || one.shards.includes(shard)));

/** Minutes of a pause after which a pilot ends, so that it does not use up its allocation. */
export const PILOT_PAUSE_MIN = 5;

/** Returns the words for a paused run: since when, by whom, and what goes on; null: it is not paused. */
export function pausedWords({ paused }: Pick<Steering, "paused">, run_dir: string): string | null {
  if (!paused) return null;
  return `paused since ${paused.at_utc} by ${paused.by}; nsfarm-deno resume ${quoteWord(run_dir)} goes on`;
}

/** Returns one line for each thing that a person has asked of a run that runs. */
export function steeringLines(steering: Steering | null, run_dir: string): string[] {
  if (!steering) return [];
  const { throttle, added_pilots = 0, leaving = [] } = steering;
  const paused = pausedWords(steering, run_dir);
  return [
    ...(paused === null ? [] : [paused]),
    ...(throttle?.most
      ? [`throttle: at most ${plural(throttle.most, "fit")} at a time, since ${throttle.at_utc}`]
      : []),
    ...(added_pilots > 0 ? [`${plural(added_pilots, "pilot")} added`] : []),
    ...(leaving.length > 0 ? [`${plural(leaving.length, "pilot")} told to end after the present fit`] : []),
  ];
}

/** Returns `most` divided into n whole parts that differ by 1 at most, larger ones first. */
export function dividedBy(most: number, n: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.floor(most / n) + (i < most % n ? 1 : 0));
}

/**
 * Returns how many fits one worker loop may run when all loops together may run `most`: in the order of their tokens
 * each loop gets one, then a second, up to its slots. All loops compute the same division from the same list.
 * @param loops every loop that may run fits, with `token`
 */
export function shareOf(most: number, loops: readonly { token: string; slots: number }[], token: string): number {
  const sorted = [...loops].sort((a, b) => a.token < b.token ? -1 : 1);
  const mine = sorted.findIndex((loop) => loop.token === token);
  let [left, share] = [most, 0];
  for (let round = 0; left > 0 && round < (sorted[mine]?.slots ?? 0); round++) {
    const takers = sorted.filter(({ slots }) => slots > round);
    const before = takers.filter((loop) => sorted.indexOf(loop) < mine).length;
    if (before < left) share++;
    left -= takers.length;
  }
  return share;
}
