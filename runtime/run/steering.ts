import { userInfo } from "node:os";
import { join } from "node:path";
import { orElse } from "../../core/errors.ts";
import { STEERING } from "../../core/run_paths.ts";
import { Steering, STEERING_SCHEMA } from "../../core/schema/steering.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { explainRead, readIfThere } from "../fs/read.ts";
import { removeQuietly } from "../fs/write.ts";
import { isCopy, type Run } from "./load_manifest.ts";

/**
 * Reads what a person has asked of a run; null: nothing. A copy has not been asked what its original was.
 * @throws {FarmError} input
 */
export function readSteering(run: Run): Steering | null {
  return isCopy(run) ? null : readOwn(run) ?? null;
}

function readOwn({ dir }: Run): Steering | undefined {
  const next = "Remove it; then release jobs that are held, with the scheduler's own command";
  return explainRead("what was asked of the run", join(dir, STEERING), next, (path) => readIfThere(path, Steering));
}

/** Changes what is asked of a run. @throws {FarmError} input, where it cannot be read or written */
export function changeSteering(run: Run, change: (now: Steering) => Steering): Steering {
  const none: Steering = { schema_version: STEERING_SCHEMA };
  return changeDocument(join(run.dir, STEERING), () => readSteering(run), (now) => change(now ?? none)) ?? none;
}

/** Removes what was asked of the original of a copied directory. */
export const dropSteering = (dir: string): void => removeQuietly(join(dir, STEERING));

/** Returns the time and the user of a request that is made now. */
export function madeNow(): { at_utc: string; by: string } {
  return { at_utc: new Date().toISOString(), by: `${userName()}@${Deno.hostname()}` };
}

const userName = (): string => orElse("unknown", () => userInfo().username);
