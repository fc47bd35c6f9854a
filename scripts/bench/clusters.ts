import { testEnvironment } from "../testing/test_environment.ts";

/** Tells the test clusters where the programs are that they copy to their nodes. */
export async function nameTestPrograms(): Promise<void> {
  for (const [name, value] of Object.entries(await testEnvironment())) Deno.env.set(name, value);
}

/** No lines where something cannot be measured; why is said. */
export function leftOut(what: string, why: string): [] {
  console.error(`left out: ${what}: ${why}`);
  return [];
}
