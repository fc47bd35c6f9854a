import type { CommandResult, Handle } from "../../../schedulers/adapter.ts";
import { TOKEN } from "../../fixtures/context.ts";

const FOLDER = new URL("../../recorded/", import.meta.url);

/** Returns a recorded text; empty if nothing was recorded under the name (README.md there). */
export function recordedText(name: string): string {
  return Deno.readTextFileSync(new URL(`${name}.txt`, FOLDER));
}

/** Returns a recorded run of a command: NAME.txt is its stdout, NAME.err.txt its stderr. */
export function recorded(name: string, exit_code: number | null = 0): CommandResult {
  return { ...answer(recordedText(name), exit_code), stderr: errorOf(name) };
}

function errorOf(name: string): string {
  try {
    return recordedText(`${name}.err`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Returns the result of a command with this output. */
export function answer(stdout: string, exit_code: number | null = 0, stderr = ""): CommandResult {
  return { exit_code, signal: null, stdout, stderr, timed_out: exit_code === null, spawn_error: null };
}

/** Returns a submission of the shards 0 … n - 1, one for each task. */
export function handle(job_id: string, shards: number | number[], token = TOKEN): Handle {
  const list = typeof shards === "number" ? Array.from({ length: shards }, (_, i) => i) : shards;
  return { job_id, token, chunk: { index: 0, shards: list, tasks: list } };
}
