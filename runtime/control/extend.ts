import { dirname } from "node:path";
import { type ExtensionRequest, openExtension, uncutPlan } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import { readShardName } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { extendPlans, shardsForExtension } from "../../core/toys.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { refuseSeeds } from "../../core/workload/seeds.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { listNames } from "../fs/list.ts";
import { freshSeed, whileTakingSeeds } from "../render/runs_beside.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { RenderedFiles } from "../run/rendered_files.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { renewFiles } from "../scheduler/renew_files.ts";
import { listAttempts } from "../shard/attempts.ts";
import { whileSubmitting } from "./start.ts";

export interface Extended {
  run: Run<FarmManifest>;
  shards: number[];
  n_toys_before: number;
  /** When an earlier command of the same request added them without submitting them; null: this command added them. */
  since_utc: string | null;
}

/**
 * Adds toys to a run: new shards, and job files that include them. Continues an earlier command of the same request
 * that added shards and did not submit them.
 * @param asked the extension; `submit`: whether `then` submits the shards
 * @param then is called with the extended run while no other command submits its shards
 * @throws {FarmError} input, when spec, inputs or nextstat are not those of the run; usage; and the errors of `then`
 */
export async function extendRun<T>(
  run: Run<FarmManifest>,
  adapter: Backend,
  { submit, ...extension }: ExtensionRequest & { submit: boolean },
  then: (extended: Extended) => Promise<T>,
): Promise<T> {
  const extend = (now: FarmManifest) => withMoreToys(now, run.dir, extension, submit);
  await requireExtendable(run, extend);
  return await whileSubmitting(run, async (now) => {
    const open = openExtension(now.manifest, extension, givenShards(now));
    const changed = open ? now : whileTakingSeeds(dirname(now.dir), () => changeFarmManifest(now, extend));
    renewFiles(changed, adapter, await queryLimits(adapter));
    const { shards = [], n_toys_before = 0 } = open ?? changed.manifest.farm.history.at(-1) ?? {};
    return await then({ run: changed, shards, n_toys_before, since_utc: open?.at_utc ?? null });
  });
}

/**
 * Adds toys to a run until it has `total`, and does not submit the new shards. Of several commands at the same time one
 * adds them.
 * @throws {FarmError} as extendRun does
 */
export async function extendTo(run: Run<FarmManifest>, adapter: Backend, total: number): Promise<void> {
  const extend = (now: FarmManifest) =>
    now.n_toys < total ? withMoreToys(now, run.dir, { n_toys: total - now.n_toys, shards: null }, false) : now;
  if (extend(run.manifest) === run.manifest) return;
  await requireExtendable(run, extend);
  await whileSubmitting(run, async (now) => {
    const changed = whileTakingSeeds(dirname(now.dir), () => changeFarmManifest(now, extend));
    renewFiles(changed, adapter, await queryLimits(adapter));
  });
}

/** Returns the manifest with more toys, whose seeds no run beside it has. */
function withMoreToys(now: FarmManifest, dir: string, extension: ExtensionRequest, submit: boolean): FarmManifest {
  const { n_toys, shards } = extension;
  const at = new Date().toISOString();
  const seed = freshSeed(dir, now, n_toys);
  return extendPlans(now, n_toys, shards ?? shardsForExtension(now, n_toys), at, seed, submit ? extension : undefined);
}

async function requireExtendable(
  run: Run<FarmManifest>,
  extend: (now: FarmManifest) => FarmManifest,
): Promise<void> {
  refuseUncut(run);
  refuseSeeds(workloadOf(run.manifest), extend(run.manifest));
  await new RenderedFiles(run).require(`Cannot extend "${run.dir}"`);
}

/** Refuses to extend a run before all its toys are in shards, whose size the new ones get. @throws {FarmError} usage */
function refuseUncut({ dir, manifest }: Run<FarmManifest>): void {
  const rest = uncutPlan(manifest);
  if (!rest) return;
  throw new FarmError(
    "usage",
    `Cannot extend "${dir}": ${plural(rest.n_toys, "toy")} are not in shards before the probes have ended`,
    `Run it to its end first: nsfarm-deno retry ${quoteWord(dir)} --wait`,
  );
}

/** Returns the shards that a scheduler may have accepted, or that have any file. */
function givenShards(run: Run<FarmManifest>): Set<number> {
  const taken = ownSubmissions(run).filter(({ state }) => state === "submitted").flatMap(({ shards }) => shards);
  const files = listNames(run.dir).flatMap((name) => readShardName(name)?.shard ?? []);
  return new Set([...taken, ...files, ...listAttempts(run.dir).keys()]);
}
