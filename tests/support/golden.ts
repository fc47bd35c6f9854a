import assert from "node:assert/strict";
import { VERSION } from "../../core/version.ts";

const FOLDER = new URL("../golden/", import.meta.url);

/**
 * Compares a text, except for our version, with tests/golden/NAME, byte for byte; `./dev bless` rewrites it
 * (NSFARM_BLESS=1).
 */
export function assertGolden(name: string, rendered: string): void {
  const text = rendered.replaceAll(`nsfarm-deno ${VERSION}:`, "nsfarm-deno VERSION:");
  const file = new URL(name, FOLDER);
  if (Deno.env.get("NSFARM_BLESS") === "1") {
    Deno.mkdirSync(FOLDER, { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
  assert.equal(text, readGolden(file, name));
}

function readGolden(file: URL, name: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`tests/golden/${name} is not there: look at what ./dev bless writes, and keep it if it is right`);
  }
}
