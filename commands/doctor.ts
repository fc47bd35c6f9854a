import { basename } from "node:path";
import { diagnose, diagnoseOld, type Diagnosis, type Issue } from "../core/advice.ts";
import { describeCounts, type StatusShard, type StatusSummary } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import { plural, shardRanges } from "../core/format.ts";
import { mergedExitCode } from "../core/merge/merged_check.ts";
import { readAttemptName } from "../core/run_paths.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { quoteCommand } from "../core/shell_quote.ts";
import { jobRequest, type NextFlag, nextFlags } from "../core/usage.ts";
import { isFarmRun, type Run } from "../runtime/run/load_manifest.ts";
import { remediesFor } from "../runtime/scheduler/adapters.ts";
import { readSteering } from "../runtime/run/steering.ts";
import { findLate } from "../runtime/scheduler/submit.ts";
import { openShardsOf } from "../runtime/state/logs.ts";
import { oldStatus } from "../runtime/state/old_status.ts";
import { inspectRun } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { ownCommand } from "../runtime/system/process.ts";
import { defineCommand, NO_FLAGS, type Output } from "./flags.ts";
import { makePaints, type Paints } from "./output.ts";
import { adapterOf, anyRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = anyRunOf(args, out);
    const examined = isFarmRun(run) ? await examine(run, out) : examineOld(run);
    const { summary, next_run, diagnosis: { troubles, next } } = examined;
    const command = next && [...ownCommand(), ...next.map((word) => word === "RUN_DIR" ? run.dir : word)];
    for (const line of linesOf(examined, command, makePaints())) out.print(line);
    printNext(next_run, out);
    const { counts, total, merged_check, recovered } = summary;
    out.document({ run_dir: run.dir, counts, total, merged_check, recovered, troubles, next: command, next_run });
    return failsGuardrails(summary) ? EXIT_CODES.guardrails : EXIT_CODES.done;
  },
});

const failsGuardrails = ({ merged_check }: StatusSummary): boolean =>
  mergedExitCode(merged_check) === EXIT_CODES.guardrails;

/** @param command the next command; null: there is none */
function linesOf({ summary, shards, diagnosis }: Examined, command: string[] | null, paints: Paints): string[] {
  const { troubles, next } = diagnosis;
  const isGoing = troubles.length === 0 && shards.some(({ state }) => state !== "done") && next?.[0] !== "resume";
  return [
    paints.bold(describeCounts(summary, shards)),
    ...summary.recovered.map((line) => `  recovered  ${line}`),
    ...summary.merged_check.findings.map(({ kind, what }) =>
      kind === "note" || kind === "starts" ? what : paints.red(what)
    ),
    ...summary.workers.map((words) => `  ${words}`),
    ...troubles.map((trouble) => describe(trouble, paints)),
    ...(isGoing ? ["Nothing to do yet: shards are running or queued"] : []),
    ...summary.steering,
    command
      ? `\n${isGoing ? "Watch it with" : "Next"}:\n  ${quoteCommand(command)}`
      : withoutCommand(summary, troubles.length > 0, paints),
  ];
}

/** Returns the last line on a run that no command continues. */
function withoutCommand(summary: StatusSummary, hasTroubles: boolean, { green }: Paints): string {
  if (hasTroubles) return "\nFix this first; until then no command can continue the run";
  if (failsGuardrails(summary)) return "All toys are merged, but they fail the guardrails. No command can fix that.";
  const hasRemarks = summary.merged_check.findings.some(({ kind }) => kind === "fits");
  return hasRemarks
    ? `All toys are merged: ${summary.merged}`
    : green(`Nothing is wrong: all toys are merged into ${summary.merged}`);
}

/** Prints the flags that fit what the run used, and how they were computed. */
function printNext(next_run: readonly NextFlag[], out: Output): void {
  if (next_run.length === 0) return;
  out.print(`For the next run like this: ${next_run.map(({ flag, value }) => `${flag} ${value}`).join(" ")}`);
  for (const { flag, why } of next_run) out.print(`  ${flag}: ${why}`);
}

interface Examined {
  /** Flags that fit what a whole run used. */
  next_run: NextFlag[];
  summary: StatusSummary;
  shards: StatusShard[];
  diagnosis: Diagnosis;
}

async function examine(run: Run<FarmManifest>, out: Output): Promise<Examined> {
  const adapter = await adapterOf(run, out);
  await findLate(run, adapter);
  const { summary, shards, on_nodes, faulty } = await inspectRun(run, adapter, await inspectMachine());
  const faults = new Map(on_nodes.map(({ shard, fault }) => [shard, fault]));
  const open = openShardsOf(run, adapter, shards)
    .map((one) => ({ ...one, fault: one.fault ?? faults.get(one.shard) ?? null }));
  const remedies = remediesFor(run, adapter, faulty.map(({ node }) => node));
  return {
    next_run: summary.usage ? nextFlags(summary.usage, jobRequest(run.manifest, adapter.options)) : [],
    summary,
    shards,
    diagnosis: whilePaused(run, diagnose(open, remedies, summary.merged_check.state === "whole")),
  };
}

/** Returns a diagnosis whose next command is that of a paused run, of which nothing else is submitted. */
function whilePaused(run: Run<FarmManifest>, diagnosis: Diagnosis): Diagnosis {
  return readSteering(run)?.paused && diagnosis.next?.[0] !== "merge"
    ? { ...diagnosis, next: ["resume", "RUN_DIR"] }
    : diagnosis;
}

function examineOld(run: Run): Examined {
  const { summary, shards, open } = oldStatus(run);
  return { next_run: [], summary, shards, diagnosis: diagnoseOld(open, summary.merged_check.state === "whole") };
}

function describe({ what, advice, shards, hosts, said: printed, log, by_hand }: Issue, { red }: Paints): string {
  // Without a log, the record of the attempt shows how it ended.
  const is_record = log !== null && readAttemptName(basename(log)) !== undefined;
  const count = plural(shards.length, "shard");
  return [
    "",
    red(`${count} ${what}`),
    `  shards  ${shardRanges(shards)}`,
    ...(hosts.length > 0 ? [`  hosts   ${hosts.join(", ")}`] : []),
    ...(printed === null ? is_record ? ["  error   none recorded"] : [] : [`  error   ${printed}`]),
    ...(log === null ? [] : [`  ${is_record ? "record" : "log   "}  ${log}`]),
    `  try     ${advice}`,
    ...(by_hand === null ? [] : [`  by hand ${quoteCommand(by_hand)}`]),
  ].join("\n");
}
