import { quoteWord } from "../core/shell_quote.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { MANIFEST } from "../core/run_paths.ts";
import { splitWords } from "../core/split.ts";
import { trialWarnings } from "../core/trial_fit.ts";
import { requestDifference } from "../core/same_request.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import { join } from "node:path";
import { askLimits } from "../host/jobs/ask_limits.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import type { Run } from "../host/run/load_manifest.ts";
import type { RunRequest } from "../core/run_request.ts";
import { planRun, renderRun } from "../host/run/render_run.ts";
import { seedWarnings } from "../host/run/runs_beside.ts";
import { withShares } from "../host/ssh/static_shares.ts";
import { watchSignals } from "../host/machine/stop_signals.ts";
import { exists } from "../host/disk/write_file.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { ACCEPT_NEXTSTAT, takeNextstat } from "./accept_nextstat_flag.ts";
import type { CommandSpec, Output } from "./command.ts";
import { defineFlags } from "./flags.ts";
import { driveRun } from "./drive_run.ts";
import { finishRun } from "./finish_run.ts";
import { readRequest, requestDir, requestFlags } from "./request_flags.ts";
import { defineOldFlags, tellOldFlags } from "./old_run_flags.ts";
import { openRunOf, settled } from "./run_dir_flags.ts";
import { defineSchedulerFlags, tellPlugin } from "./scheduler_flags.ts";

const runFlags = defineFlags({
  "local-out-dir": { type: "path", placeholder: "dir", help: "old name of --out-dir" },
  "allow-partial": { type: "boolean", help: "merge what is there when shards are missing, and say so inside" },
  "dry-run": { type: "boolean", help: "check everything and print the plan; write nothing" },
  ...ACCEPT_NEXTSTAT,
});

const run: CommandSpec = {
  name: "run",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command, argv) => {
    requestFlags.define(command);
    runFlags.define(command);
    defineOldFlags(command);
    await defineSchedulerFlags(command, argv);
  },
  run: async ({ options, out }) => {
    const flags = runFlags.read(options);
    const adapter = await loadAdapter(String(options["scheduler"]));
    tellPlugin(adapter, out);
    tellOldFlags(options, out);
    const out_dir = flags.localOutDir === undefined ? {} : { outDir: flags.localOutDir };
    const request = readRequest({ ...options, ...out_dir }, adapter, "farm");
    if (flags.dryRun) return await dryRun(request, out);
    const opened = await openOrRender(request, adapter, out);
    const target = await takeNextstat(opened, adapter, flags, out);
    out.note(`run directory: ${target.dir}`);
    const signals = watchSignals();
    try {
      const looked = await driveRun(target, adapter, signals, out);
      const code = signals.exitCode();
      if (code === null) return await finishRun(target, out, flags.allowPartial, looked);
      out.note("interrupted: what was finished is kept; the same command with --run-id goes on with it");
      out.note(
        `  nsfarm-deno run … --run-id ${quoteWord(target.manifest.run_id)}   or   nsfarm-deno retry ${
          quoteWord(target.dir)
        }`,
      );
      return code;
    } finally {
      signals.close();
    }
  },
};
export default run;

async function dryRun(request: RunRequest, out: Output): Promise<number> {
  const manifest = await planRun(await withShares(request));
  for (const warning of trialWarnings(manifest.farm.trial)) out.note(`warning: ${warning}`);
  out.print(`${splitWords(manifest)}, with nextstat ${manifest.farm.nextstat_version}`);
  out.print(`would write ${requestDir(request)}`);
  out.document(manifest);
  return EXIT_CODES.done;
}

/** A new run, or the existing one of that name when it was asked for with the same options. */
async function openOrRender(request: RunRequest, adapter: Backend, out: Output): Promise<Run<FarmManifest>> {
  const dir = requestDir(request);
  const found = openSame(dir, request, out);
  if (found) return await settled(found, out);
  for (const warning of seedWarnings(dir, request.out_dir, request)) out.note(`warning: ${warning}`);
  try {
    const { run, rendered } = await renderRun(await withShares(request), adapter, await askLimits(adapter));
    for (const warning of rendered.warnings) out.note(`warning: ${warning}`);
    return run;
  } catch (error) {
    // The same command may have been given twice at the same time; then the other one has made the run.
    const theirs = openSame(dir, request, out);
    if (theirs) return theirs;
    throw error;
  }
}

function openSame(dir: string, request: RunRequest, out: Output): Run<FarmManifest> | undefined {
  if (!exists(join(dir, MANIFEST))) return undefined;
  const found = openRunOf(dir, out);
  const difference = requestDifference(found.manifest, request);
  if (difference === null) return found;
  throw new FarmError(
    "usage",
    `Cannot go on with the run "${dir}": ${difference}`,
    "Give the same options, or another --run-id for a new run",
  );
}
