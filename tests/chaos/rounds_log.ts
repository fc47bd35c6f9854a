/** The rounds that were made, a line of JSON each: several calls of `./dev chaos` add up to one page. */
import { appendFile, readFile } from "node:fs/promises";
import * as z from "zod/mini";

const RoundLine = z.object({
  backend: z.string(),
  seed: z.int(),
  /** Whether the run became whole, with all checks passed. */
  whole: z.boolean(),
  /** Number of commands after the last fault; 0 if the run did not become whole. */
  commands: z.int(),
  steps: z.array(z.object({ at_ms: z.number(), kind: z.string(), dice: z.number(), isHit: z.boolean() })),
});
export type RoundLine = z.infer<typeof RoundLine>;

/** Appends one round to a log, and creates the log if needed. */
export async function noteRound(log: string, round: RoundLine): Promise<void> {
  await appendFile(log, `${JSON.stringify(round)}\n`);
}

/**
 * Reads the rounds of a log: the last one of each backend and seed, since a failed schedule is rerun.
 * @throws ZodError if a line is no round
 */
export async function readRounds(log: string): Promise<RoundLine[]> {
  const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
  const rounds = lines.map((line) => RoundLine.parse(JSON.parse(line)));
  return [...new Map(rounds.map((round) => [`${round.backend} ${round.seed}`, round])).values()];
}
