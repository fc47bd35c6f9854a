/** The rounds that were made, a line of JSON each: several calls of `./dev chaos` add up to one page. */
import { appendFile, readFile } from "node:fs/promises";
import * as z from "zod/mini";

const RoundLine = z.object({
  backend: z.string(),
  seed: z.int(),
  /** Whether the run became whole, with all that is checked then. */
  whole: z.boolean(),
  /** Commands that were needed after the last fault; 0 where it did not become whole. */
  commands: z.int(),
  steps: z.array(z.object({ at_ms: z.number(), kind: z.string(), dice: z.number(), isHit: z.boolean() })),
});
export type RoundLine = z.infer<typeof RoundLine>;

/** Appends one round to a log, which is made where there is none. */
export async function noteRound(log: string, round: RoundLine): Promise<void> {
  await appendFile(log, `${JSON.stringify(round)}\n`);
}

/**
 * Reads the rounds of a log: the last one of each back end and seed, for a schedule that failed is run again.
 * @throws ZodError when a line is no round
 */
export async function readRounds(log: string): Promise<RoundLine[]> {
  const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
  const rounds = lines.map((line) => RoundLine.parse(JSON.parse(line)));
  return [...new Map(rounds.map((round) => [`${round.backend} ${round.seed}`, round])).values()];
}
