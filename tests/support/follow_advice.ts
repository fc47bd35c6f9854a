import assert from "node:assert/strict";
import * as z from "zod/mini";
import type { Ran } from "./farm.ts";

const Found = z.object({
  counts: z.record(z.string(), z.number()),
  troubles: z.array(z.unknown()),
  next: z.nullable(z.array(z.string())),
});

/** Runs nsfarm-deno with these words to its end. */
type Run = (args: string[]) => Promise<Ran>;

/** What doctor finds: how many shards are in which state, what is wrong, and the words of the command that goes on. */
export async function examine(run: Run, dir: string) {
  const { counts, troubles, next } = z.parse(Found, JSON.parse((await run(["doctor", dir, "--json"])).stdout));
  return { counts, troubles, words: next?.slice(1) ?? null };
}

/**
 * Does what doctor prints until it prints no command any more. Each must move the run on: what doctor finds afterwards is
 * something else, and it is never the same command again.
 * @returns the commands, without the program and the run's directory
 */
export async function followAdvice(run: Run, dir: string): Promise<string[]> {
  const steps: string[] = [];
  let found = await examine(run, dir);
  while (found.words !== null) {
    const step = found.words.filter((word) => word !== dir).join(" ");
    assert.notEqual(step, steps.at(-1), `doctor prints the same command once more: ${step}`);
    steps.push(step);
    await run(found.words);
    const now = await examine(run, dir);
    assert.notDeepEqual(now, found, `${step} moved nothing on`);
    found = now;
  }
  return steps;
}
