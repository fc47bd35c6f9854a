import type { Command } from "commander";
import { join } from "node:path";
import { timedWords } from "../core/cut_by_time.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { autoLines } from "../core/starts/words.ts";
import { trialWarnings } from "../core/trial_fit.ts";
import { requestDifference, requestDir, type RunRequest } from "../core/request.ts";
import { MANIFEST } from "../core/run_paths.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { splitWords } from "../core/toys.ts";
import { exists } from "../runtime/fs/write.ts";
import { renderRun, whilePlanned } from "../runtime/render/render.ts";
import { seedWarnings } from "../runtime/render/runs_beside.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { queryLimits } from "../runtime/scheduler/drive.ts";
import { recentNodeLines } from "../runtime/scheduler/recent_nodes.ts";
import { withProbes, withShares } from "../runtime/ssh/preflight.ts";
import { watchingSignals } from "../runtime/system/process.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { nextCommands } from "./examples.ts";
import { noteCost } from "./cost_line.ts";
import { driveRun, finishRun } from "./drive_run.ts";
import { defineFlags, type Output } from "./flags.ts";
import { ON_END_FLAG, requireOnEnd, withOnEnd } from "./on_end_flag.ts";
import { RECOVER_FLAG } from "./recover_run.ts";
import { readRunRequest, requestFlags } from "./request_flags.ts";
import { openRunOf, withOrigin } from "./run_dir_flags.ts";
import { ACCEPT_NEXTSTAT, takeNextstat } from "./accept_nextstat_flag.ts";
import { defineRenderCommand } from "./scheduler_flags.ts";

/** The flags of the old runner on hosts, and what replaces each now. */
const OLD: readonly { flags: string; name: string; now: string }[] = [
  { flags: "--remote-workdir <dir>", name: "remoteWorkdir", now: "all paths are absolute" },
  { flags: "--remote-config <path>", name: "remoteConfig", now: "every host runs the spec of --config" },
  { flags: "--upload-config", name: "uploadConfig", now: "inputs are sent automatically where needed" },
  { flags: "--no-upload-config", name: "uploadConfig", now: "inputs are sent automatically where needed" },
  { flags: "--jobs <n>", name: "jobs", now: "all hosts work at the same time" },
  {
    flags: "--log-level <level>",
    name: "logLevel",
    now: "progress goes to stderr, the rest to logs",
  },
  { flags: "--pin-blas-threads", name: "pinBlasThreads", now: "BLAS always uses one thread per shard" },
  { flags: "--no-pin-blas-threads", name: "pinBlasThreads", now: "BLAS always uses one thread per shard" },
];

/** Adds the old flags, which have no effect, so that old command lines still work. */
export function defineOldFlags(command: Command): void {
  for (const { flags, now } of OLD) command.option(flags, `old flag, ignored: ${now}`);
}

/** Writes what replaces each old flag that was given. */
export function reportOldFlags(command_line: Record<string, unknown>, out: Output): void {
  const given = OLD.filter(({ name, flags }) => {
    const value = command_line[name];
    return flags.startsWith("--no-") ? value === false : value !== undefined && value !== false;
  });
  for (const { flags, now } of given) out.note(`${flags.split(" ")[0]} has no effect: ${now}`);
}

const runFlags = defineFlags({
  ...requestFlags.table,
  "local-out-dir": { group: "Advanced", type: "path", placeholder: "dir", help: "old name of --out-dir" },
  "allow-partial": {
    group: "Guardrails",
    type: "boolean",
    help: "merge the valid shards if some are missing; marked as partial",
  },
  recover: { group: "Guardrails", ...RECOVER_FLAG.recover },
  "dry-run": { group: "Guardrails", type: "boolean", help: "check everything and print the plan; write nothing" },
  ...ON_END_FLAG,
  ...ACCEPT_NEXTSTAT,
});

export default defineRenderCommand({
  flags: runFlags,
  define: defineOldFlags,
  run: async ({ flags, options, adapter, out }) => {
    reportOldFlags(options, out);
    requireOnEnd(flags.onEnd);
    const request = readRunRequest({ ...options, outDir: outDirOf(flags) }, adapter, "farm");
    if (flags.dryRun) return await dryRun(request, adapter, out);
    const opened = await openOrRender(request, adapter, out);
    const target = withOnEnd(await takeNextstat(opened, adapter, flags, out), flags.onEnd);
    out.note(`run directory: ${target.dir}`);
    noteCost(target, out);
    return await watchingSignals(async (signals) => {
      const states = await driveRun(target, adapter, signals, out, undefined, flags.recover);
      const code = signals.exitCode();
      if (code === null) {
        const finished = await finishRun(target, out, flags.allowPartial, states);
        if (Deno.stderr.isTerminal()) { for (const line of nextCommands(target.dir, finished)) out.note(line); }
        return finished;
      }
      for (const line of interruptedWords(target, adapter)) out.note(line);
      return code;
    });
  },
});

/** Returns the parent of run directories, by the new name of its flag or the old one. @throws {FarmError} usage, by both */
function outDirOf({ outDir, localOutDir }: { outDir: string; localOutDir?: string | undefined }): string {
  if (localOutDir === undefined || localOutDir === outDir) return outDir;
  if (outDir === requestFlags.table["out-dir"].default) return localOutDir;
  const what = `--local-out-dir "${localOutDir}" with --out-dir "${outDir}"`;
  throw new FarmError("usage", `Cannot use ${what}: both name the parent of the run`, "Leave one of them out");
}

/** Returns what an interrupted run leaves behind, and how to go on; jobs of a scheduler are not stopped with it. */
function interruptedWords({ dir, manifest: { run_id } }: Run<FarmManifest>, { kind, name }: Backend): string[] {
  const go_on = `nsfarm-deno run … --run-id ${quoteWord(run_id)}`;
  const words = "finished shards are kept; repeat the command with --run-id to continue";
  if (kind === "worker") return [`interrupted: ${words}`, `  ${go_on}   or   nsfarm-deno retry ${quoteWord(dir)}`];
  const stop = `nsfarm-deno cancel ${quoteWord(dir)}`;
  return [`interrupted: the jobs go on in ${name}; ${words}, or stop the jobs`, `  ${go_on}   or   ${stop}`];
}

async function dryRun(request: RunRequest, adapter: Backend, out: Output): Promise<number> {
  const whole = await withProbes(await withShares(request), adapter);
  const { manifest, notes } = await whilePlanned(whole, (planned) => planned);
  const dir = requestDir(request);
  const warnings = [
    ...seedWarnings([request.run_id], request.out_dir, [request]),
    ...trialWarnings(manifest.farm),
    ...notes,
  ];
  for (const line of autoLines(manifest.farm.starts)) out.note(line);
  for (const warning of warnings) out.warn(warning);
  out.print(`${timedWords(manifest) ?? splitWords(manifest)}, with nextstat ${manifest.farm.nextstat_version}`);
  out.print(`would run on ${request.scheduler}, in ${dir}`);
  noteCost({ dir, manifest_path: join(dir, MANIFEST), manifest }, out, new Set());
  out.document(manifest);
  return EXIT_CODES.done;
}

/** Returns a new run, or the existing one of that name when it has the same options. */
async function openOrRender(request: RunRequest, adapter: Backend, out: Output): Promise<Run<FarmManifest>> {
  const dir = requestDir(request);
  const found = openSame(dir, request, out);
  if (found) return await withOrigin(found, out);
  for (const warning of seedWarnings([request.run_id], request.out_dir, [request])) out.warn(warning);
  for (const line of recentNodeLines(adapter, request.options)) out.note(line);
  try {
    const { run, rendered } = await renderRun(
      await withProbes(await withShares(request), adapter),
      adapter,
      await queryLimits(adapter),
    );
    for (const line of autoLines(run.manifest.farm.starts)) out.note(line);
    for (const warning of rendered.warnings) out.warn(warning);
    const probes = timedWords(run.manifest);
    if (probes) out.note(probes);
    return run;
  } catch (error) {
    // The same command may run twice at the same time; then the other one has made the run.
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
    "Give the same options, or another --run-id to start a new run",
  );
}
