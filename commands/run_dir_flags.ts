import { dirname } from "node:path";
import { FarmError } from "../core/errors.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { VERSION } from "../core/version.ts";
import {
  assertFarmRun,
  isCopy,
  isFarmRun,
  loadFarmRun,
  openRun,
  originOf,
  type Run,
} from "../runtime/run/load_manifest.ts";
import { readSteering } from "../runtime/run/steering.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./flags.ts";

/**
 * Returns the run that the first argument or --manifest names; undefined: neither does.
 * @throws {FarmError} usage, where both do
 */
export function runNamed([run_dir]: readonly string[], manifest: string | undefined): string | undefined {
  if (run_dir === undefined || manifest === undefined) return run_dir ?? manifest;
  throw new FarmError("usage", "Cannot use both RUN_DIR and --manifest: they name the same thing");
}

/** Opens the run that the first argument names, of this program or of the old scripts. */
export function anyRunOf(args: readonly string[], out: Output, open = openRun): Run {
  const run = open(args[0] ?? "");
  return isFarmRun(run) ? announced(run, out) : run;
}

/** Opens the run that the first argument names. */
export function runOf(args: readonly string[], out: Output): Run<FarmManifest> {
  return openRunOf(args[0] ?? "", out);
}

/** Opens a run and notes when another version of this program rendered it. */
export function openRunOf(path: string, out: Output): Run<FarmManifest> {
  return announced(assertFarmRun(openRun(path)), out);
}

/** Notes what a user should know of an opened run; returns the run with the manifest that counts. */
function announced(found: Run<FarmManifest>, out: Output): Run<FarmManifest> {
  // A manifest that was collected elsewhere names a run; the run's directory has the manifest that counts.
  const run = found.dir === dirname(found.manifest_path) ? found : loadFarmRun(found.dir);
  const { nsfarm_version } = run.manifest.farm;
  if (nsfarm_version !== VERSION) {
    out.note(`this run was rendered by nsfarm-deno ${nsfarm_version}; this is ${VERSION}`);
  }
  const origin = originOf(run);
  if (origin.kind === "copied") {
    out.note(
      `this is a copy of "${origin.from}": its recorded jobs and processes belong to that run and are left alone`,
    );
  }
  return run;
}

/** Opens the run that the first argument names, to run shards of it: a copy becomes a run of its own. */
export async function ownRunOf(args: readonly string[], out: Output): Promise<Run<FarmManifest>> {
  return await withOrigin(runOf(args, out), out);
}

/** Returns the run after a copied or moved directory has become a run of its own, with a note. */
export async function withOrigin(found: Run<FarmManifest>, out: Output): Promise<Run<FarmManifest>> {
  if (originOf(found).kind === "own") return found;
  const { acceptCopy } = await import("../runtime/control/accept_copy.ts");
  const { run, origin } = await acceptCopy(found);
  if (origin.kind === "copied") out.note("it is an independent run from now on; its job files were rewritten");
  if (origin.kind === "moved") out.note(`the run was moved here from "${origin.from}"; its job files were rewritten`);
  return run;
}

/**
 * Refuses to submit shards of a paused run.
 * @param doing the command: `retry`
 * @throws {FarmError} usage
 */
export function refusePaused(run: Run<FarmManifest>, doing: string): void {
  const paused = readSteering(run)?.paused;
  if (!paused) return;
  throw new FarmError(
    "usage",
    `Cannot ${doing} shards of "${run.dir}": it is paused since ${paused.at_utc} by ${paused.by}`,
    `First: nsfarm-deno resume ${quoteWord(run.dir)}`,
  );
}

/** Returns the run as withOrigin does, for copies only: a moved run may have another path here than its jobs use. */
export async function withCopyToken(run: Run<FarmManifest>, out: Output): Promise<Run<FarmManifest>> {
  return isCopy(run) ? await withOrigin(run, out) : run;
}

/** Notes that this process has printed already. */
const reported = new Set<string | null>();

/** Returns the adapter of a run's scheduler; notes when it is a plugin that has changed since the run was rendered. */
export async function adapterOf(run: Run<FarmManifest>, out: Output): Promise<Backend> {
  // A job needs no adapter: it starts sooner without one.
  const { adapterOfRun } = await import("../runtime/scheduler/adapters.ts");
  const { pluginChange } = await import("../runtime/plugin/plugin_of_run.ts");
  const adapter = await adapterOfRun(run);
  const change = pluginChange(run.manifest, adapter);
  if (change !== null && !reported.has(change)) out.note(change);
  reported.add(change);
  return adapter;
}
