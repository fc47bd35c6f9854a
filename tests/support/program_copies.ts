import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { binary, inputs, nextstat } from "./farm.ts";

/**
 * Copies the programs and specs of the tests into a new folder that an ordinary user can read, and nextstat also to
 * other folders. From then on tests use these copies.
 */
export function useCopies(place: string, { nextstatTo = place, also = [] as string[] } = {}): void {
  mkdirSync(place, { mode: 0o755 });
  copyFileSync(binary(), join(place, "nsfarm-deno"));
  for (const folder of new Set([nextstatTo, ...also])) copyFileSync(nextstat(), join(folder, "nextstat"));
  cpSync(inputs(), join(place, "inputs"), { recursive: true });
  usePrograms(place, nextstatTo);
}

/** Makes tests use the programs and specs in a folder that useCopies() made. */
export function usePrograms(place: string, nextstatIn = place): void {
  Deno.env.set("NSFARM_TEST_BINARY", join(place, "nsfarm-deno"));
  Deno.env.set("NSFARM_TEST_NEXTSTAT", join(nextstatIn, "nextstat"));
  Deno.env.set("NSFARM_TEST_INPUTS", join(place, "inputs"));
}
