import { testEnvironment } from "../testing/test_environment.ts";

/** Sets the variables by which the test clusters find the programs that they copy to their nodes. */
export async function nameTestPrograms(): Promise<void> {
  for (const [name, value] of Object.entries(await testEnvironment())) Deno.env.set(name, value);
}

/** Prints why something cannot be measured, and returns no lines. */
export function leftOut(what: string, why: string): [] {
  console.error(`left out: ${what}: ${why}`);
  return [];
}
